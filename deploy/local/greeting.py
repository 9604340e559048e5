"""What a newcomer reads when everything answers."""

import json
import os
import shlex

from deploy.local.files import DEMO_FILE

SANDBOX_MODEL = "cloudapi/smollm2-135m"


def text(*, sandbox: bool) -> str:
    """The ready line, logins, key and a curl line that works when pasted, all from var/demo.json."""
    demo = json.loads(DEMO_FILE.read_text())
    site = demo["base_url"].removesuffix("/v1")
    return f"""
CloudAPI is ready at {site}

  sign in     {site}/accounts/login/   {demo["email"]}   {demo["password"]}
  operator    {site}/admin/            {demo["admin_email"]}   {demo["admin_password"]}
  OpenAI      base_url={demo["base_url"]}
  Anthropic   base_url={demo["anthropic_base_url"]}
  API key     {demo["api_key"]}

{curl(demo, sandbox=sandbox)}

Ctrl-C stops it. Logs are in var/log, this page's values in var/demo.json.
"""


def curl(demo: dict[str, str], *, sandbox: bool) -> str:
    """One call to paste. Without sandbox and credential no model answers, but the catalog does."""
    if not sandbox and not os.environ.get("OPENAI_API_KEY"):
        return f"curl {demo['base_url']}/models"
    model = SANDBOX_MODEL if sandbox else "gpt-4o"
    body = json.dumps({"model": model, "messages": [{"role": "user", "content": "Say hello to Tashkent"}]})
    return (
        f"curl {demo['base_url']}/chat/completions -H 'Authorization: Bearer {demo['api_key']}' "
        f"-H 'Content-Type: application/json' -d {shlex.quote(body)}"
    )
