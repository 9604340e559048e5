"""A provider that nobody has to pay: answers as the request asks it to, faults included, and keeps books.

Run it as `python -m tests.upstream --port N --log FILE`. A gateway forwards no control headers, so a test
steers an answer from places that survive the trip: a JSON directive as the last user message
(`{"upstream": {"completion_tokens": 34, "fault": "cut"}}`) or the upstream's model name (`fault-429`,
`alpha--fault=stall--chunks=3`). `plan.Plan` lists all that can be asked for. Paths of the form `/p/NAME/v1/…`
are the same server under the name of another provider; `by_provider` in a directive addresses one of them.
Other people's tests, which know no directives, ask a model with `clever` in its name (clever.py).

The control API (`/_control/…`, see control.py) shows the journal and releases held answers.
"""
