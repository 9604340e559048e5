from django.db import migrations


class Migration(migrations.Migration):
    """The gateway adds content by COPY (proxy/contents/copying.py). No table is locked."""

    dependencies = [("proxy", "0024_words_of_video_jobs")]
    operations = [
        migrations.RunSQL("DROP FUNCTION keep_contents(json, bytea)", migrations.RunSQL.noop),
    ]
