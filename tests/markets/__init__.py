"""Markets over real HTTP, in a process of their own: told what to answer, and they keep what was asked.

The feeds' mirror (ENERGY_MIRROR) points here, so a path is /HOST/PATH. PUT /_told/HOST says what that host
answers from now on: {"status", "headers", "body" (base64), "hang": true, "cut": true}. A host of which
nothing was told answers 404. GET /_asked lists what was asked, GET /_forget ends it all.
"""
