from django.db import migrations, models


class Migration(migrations.Migration):
    """Labels; nothing of the tables changes."""

    dependencies = [
        ("routing", "0021_names_in_the_admin"),
    ]

    operations = [
        migrations.AlterField(
            model_name="endpoint",
            name="markup_kind",
            field=models.TextField(
                choices=[
                    ("routing_fee", "routing fee"),
                    ("margin", "margin on models bought in"),
                    ("hosted", "margin of our own sites"),
                ],
                verbose_name="kind of markup",
            ),
        ),
        migrations.AlterField(
            model_name="model",
            name="category",
            field=models.TextField(
                choices=[("hosted", "Open"), ("third_party", "Closed")], verbose_name="category"
            ),
        ),
        migrations.AlterField(
            model_name="model",
            name="modality",
            field=models.TextField(
                choices=[
                    ("chat", "Chat"),
                    ("embedding", "Embeddings"),
                    ("image", "Images"),
                    ("video", "Video"),
                    ("speech", "Speech"),
                    ("transcription", "Transcription"),
                    ("moderation", "Moderation"),
                ],
                verbose_name="modality",
            ),
        ),
        migrations.AlterField(
            model_name="provider",
            name="on_disconnect",
            field=models.TextField(
                choices=[
                    ("cancel", "stop it, and pay for what was produced"),
                    ("drain", "read to the end: it bills that anyway"),
                ],
                default="cancel",
                verbose_name="when a caller leaves",
            ),
        ),
    ]
