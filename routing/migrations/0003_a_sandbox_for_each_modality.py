from django.db import migrations


class Migration(migrations.Migration):
    """Embeddings, images, speech and video have sandboxes of their own beside the chat model's."""

    dependencies = [("routing", "0002_versions")]
    operations = [migrations.RemoveConstraint("provider", "routing_one_sandbox")]
