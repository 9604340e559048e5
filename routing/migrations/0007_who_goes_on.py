from django.db import migrations, models

FORMS = [
    ("", "no"),
    ("turn", "a conversation that ends with the assistant's turn"),
    ("final_message", "continue_final_message (vLLM, SGLang)"),
    ("prefix", "prefix: true (DeepSeek's beta)"),
    ("echoed_prefix", "prefix: true, told again first (Mistral)"),
    ("partial", "partial: true (Moonshot, Alibaba)"),
]
HELP = "How its models are asked to go on with an answer that another provider began."


class Migration(migrations.Migration):
    """Providers that go on with an answer that another one began, and how they are asked to."""

    dependencies = [("routing", "0006_expected_figures")]
    operations = [
        migrations.AddField(
            "provider",
            "prefill",
            models.TextField(choices=FORMS, default="", db_default="", blank=True, help_text=HELP),
        ),
    ]
