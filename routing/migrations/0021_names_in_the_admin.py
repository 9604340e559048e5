import django.contrib.postgres.fields
import django.db.models.deletion
import django.utils.timezone
from django.db import migrations, models


class Migration(migrations.Migration):
    """Labels; nothing of the tables changes."""

    dependencies = [
        ("routing", "0020_models_speak_languages"),
    ]

    operations = [
        migrations.AlterField(
            model_name="provider", name="slug", field=models.SlugField(unique=True, verbose_name="short name")
        ),
        migrations.AlterField(
            model_name="provider", name="name", field=models.TextField(verbose_name="name")
        ),
        migrations.AlterField(
            model_name="provider",
            name="dialect",
            field=models.TextField(
                choices=[
                    ("openai", "OpenAI"),
                    ("anthropic", "Anthropic"),
                    ("gemini", "Gemini"),
                    ("pollinations", "Pollinations"),
                ],
                verbose_name="dialect",
            ),
        ),
        migrations.AlterField(
            model_name="provider",
            name="base_url",
            field=models.TextField(
                blank=True,
                help_text="Up to and including /v1 where the dialect has one.",
                verbose_name="address",
            ),
        ),
        migrations.AlterField(
            model_name="provider",
            name="base_url_ref",
            field=models.TextField(
                blank=True,
                help_text="env:NAME, if the address is read from a setting.",
                verbose_name="setting with the address",
            ),
        ),
        migrations.AlterField(
            model_name="provider",
            name="on_disconnect",
            field=models.TextField(
                choices=[("cancel", "Cancel"), ("drain", "Drain")],
                default="cancel",
                verbose_name="when a caller leaves",
            ),
        ),
        migrations.AlterField(
            model_name="provider",
            name="prefill",
            field=models.TextField(
                blank=True,
                choices=[
                    ("", "no"),
                    ("turn", "a conversation that ends with the assistant's turn"),
                    ("final_message", "continue_final_message (vLLM, SGLang)"),
                    ("prefix", "prefix: true (DeepSeek's beta)"),
                    ("echoed_prefix", "prefix: true, told again first (Mistral)"),
                    ("partial", "partial: true (Moonshot, Alibaba)"),
                ],
                db_default="",
                default="",
                help_text="How its models are asked to go on with an answer that another provider began.",
                verbose_name="going on with an answer",
            ),
        ),
        migrations.AlterField(
            model_name="provider",
            name="hosted",
            field=models.BooleanField(default=False, verbose_name="site of ours"),
        ),
        migrations.AlterField(
            model_name="provider",
            name="sandbox",
            field=models.BooleanField(
                default=False,
                help_text="Stands in for unconfigured models in the demo.",
                verbose_name="sandbox",
            ),
        ),
        migrations.AlterField(
            model_name="provider",
            name="model_list",
            field=models.TextField(
                blank=True,
                choices=[
                    ("", "as its dialect"),
                    ("off", "not read"),
                    ("openai", "OpenAI"),
                    ("openrouter", "OpenRouter (with prices)"),
                    ("anthropic", "Anthropic"),
                    ("gemini", "Gemini"),
                ],
                db_default="",
                default="",
                verbose_name="shape of its list of models",
            ),
        ),
        migrations.AlterField(
            model_name="provider",
            name="list_fee_bps",
            field=models.PositiveIntegerField(
                db_default=0,
                default=0,
                help_text="What it adds to its listed prices, in basis points: 550 adds 5.5 per cent.",
                verbose_name="fee on listed prices, basis points",
            ),
        ),
        migrations.AlterField(
            model_name="provider",
            name="active",
            field=models.BooleanField(default=True, verbose_name="active"),
        ),
        migrations.AlterField(
            model_name="credential",
            name="provider",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT,
                related_name="credentials",
                to="routing.provider",
                verbose_name="provider",
            ),
        ),
        migrations.AlterField(
            model_name="credential",
            name="label",
            field=models.CharField(
                help_text="For operators; customers never see it.", max_length=60, verbose_name="label"
            ),
        ),
        migrations.AlterField(
            model_name="credential",
            name="ref",
            field=models.TextField(
                blank=True,
                help_text="env:NAME, if the secret is read from the environment.",
                verbose_name="setting with the secret",
            ),
        ),
        migrations.AlterField(
            model_name="credential",
            name="weight",
            field=models.PositiveSmallIntegerField(
                default=1,
                help_text="Its share of the calls beside the others; 0: only when no other one is left.",
                verbose_name="weight",
            ),
        ),
        migrations.AlterField(
            model_name="credential",
            name="active",
            field=models.BooleanField(default=True, verbose_name="active"),
        ),
        migrations.AlterField(
            model_name="credential",
            name="disabled_at",
            field=models.DateTimeField(editable=False, null=True, verbose_name="disabled"),
        ),
        migrations.AlterField(
            model_name="model", name="slug", field=models.TextField(unique=True, verbose_name="model ID")
        ),
        migrations.AlterField(model_name="model", name="name", field=models.TextField(verbose_name="name")),
        migrations.AlterField(
            model_name="model",
            name="modality",
            field=models.TextField(
                choices=[
                    ("chat", "Chat"),
                    ("embedding", "Embedding"),
                    ("image", "Image"),
                    ("video", "Video"),
                    ("speech", "Speech"),
                    ("transcription", "Transcription"),
                    ("moderation", "Moderation"),
                ],
                verbose_name="modality",
            ),
        ),
        migrations.AlterField(
            model_name="model",
            name="category",
            field=models.TextField(
                choices=[("hosted", "Hosted"), ("third_party", "Third Party")], verbose_name="category"
            ),
        ),
        migrations.AlterField(
            model_name="model",
            name="free",
            field=models.BooleanField(
                default=False,
                help_text="Free within the daily quota, at its price after.",
                verbose_name="free",
            ),
        ),
        migrations.AlterField(
            model_name="model",
            name="rpm",
            field=models.PositiveIntegerField(
                blank=True, null=True, verbose_name="requests per minute, one key"
            ),
        ),
        migrations.AlterField(
            model_name="model",
            name="context_window",
            field=models.PositiveIntegerField(
                default=0, help_text="Tokens; 0 where it has no meaning.", verbose_name="context window"
            ),
        ),
        migrations.AlterField(
            model_name="model",
            name="max_output_tokens",
            field=models.PositiveIntegerField(blank=True, null=True, verbose_name="longest output"),
        ),
        migrations.AlterField(
            model_name="model",
            name="default_output_tokens",
            field=models.PositiveIntegerField(blank=True, null=True, verbose_name="output by default"),
        ),
        migrations.AlterField(
            model_name="model",
            name="capabilities",
            field=django.contrib.postgres.fields.ArrayField(
                base_field=models.TextField(), blank=True, default=list, verbose_name="capabilities"
            ),
        ),
        migrations.AlterField(
            model_name="model", name="creator", field=models.TextField(blank=True, verbose_name="maker")
        ),
        migrations.AlterField(
            model_name="model",
            name="description",
            field=models.TextField(blank=True, verbose_name="description"),
        ),
        migrations.AlterField(
            model_name="model", name="strengths", field=models.TextField(blank=True, verbose_name="strengths")
        ),
        migrations.AlterField(
            model_name="model",
            name="weaknesses",
            field=models.TextField(blank=True, verbose_name="weaknesses"),
        ),
        migrations.AlterField(
            model_name="model", name="tokenizer", field=models.TextField(blank=True, verbose_name="tokenizer")
        ),
        migrations.AlterField(
            model_name="model",
            name="max_duration_s",
            field=models.PositiveIntegerField(blank=True, null=True, verbose_name="longest, seconds"),
        ),
        migrations.AlterField(
            model_name="model",
            name="default_size",
            field=models.TextField(blank=True, verbose_name="size by default"),
        ),
        migrations.AlterField(
            model_name="model",
            name="max_side_px",
            field=models.PositiveIntegerField(
                blank=True, help_text="Images and video.", null=True, verbose_name="longest side, pixels"
            ),
        ),
        migrations.AlterField(
            model_name="model",
            name="replaced_by",
            field=models.TextField(
                blank=True, help_text="Id of the model that answers for this one.", verbose_name="replaced by"
            ),
        ),
        migrations.AlterField(
            model_name="model",
            name="retired_at",
            field=models.DateTimeField(blank=True, null=True, verbose_name="retired"),
        ),
        migrations.AlterField(
            model_name="modelname", name="name", field=models.TextField(verbose_name="name")
        ),
        migrations.AlterField(
            model_name="endpoint",
            name="model",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT,
                related_name="endpoints",
                to="routing.model",
                verbose_name="model",
            ),
        ),
        migrations.AlterField(
            model_name="endpoint",
            name="provider",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT,
                related_name="endpoints",
                to="routing.provider",
                verbose_name="provider",
            ),
        ),
        migrations.AlterField(
            model_name="endpoint",
            name="upstream_name",
            field=models.TextField(verbose_name="name at the provider"),
        ),
        migrations.AlterField(
            model_name="endpoint",
            name="markup_kind",
            field=models.TextField(
                choices=[("routing_fee", "Routing Fee"), ("margin", "Margin"), ("hosted", "Hosted")],
                verbose_name="kind of markup",
            ),
        ),
        migrations.AlterField(
            model_name="endpoint",
            name="priority",
            field=models.PositiveIntegerField(
                default=1, help_text="The smallest is first.", verbose_name="priority"
            ),
        ),
        migrations.AlterField(
            model_name="endpoint",
            name="context_window",
            field=models.PositiveIntegerField(blank=True, null=True, verbose_name="context window"),
        ),
        migrations.AlterField(
            model_name="endpoint",
            name="ttft_ms",
            field=models.PositiveIntegerField(
                blank=True,
                help_text="Expected until traffic says better.",
                null=True,
                verbose_name="first token, ms",
            ),
        ),
        migrations.AlterField(
            model_name="endpoint",
            name="token_rate",
            field=models.PositiveIntegerField(
                blank=True,
                help_text="Expected until traffic says better.",
                null=True,
                verbose_name="tokens a second",
            ),
        ),
        migrations.AlterField(
            model_name="endpoint",
            name="price_pinned",
            field=models.BooleanField(
                db_default=False,
                default=False,
                help_text="The catalog sync leaves its price alone.",
                verbose_name="price is pinned",
            ),
        ),
        migrations.AlterField(
            model_name="endpoint",
            name="active",
            field=models.BooleanField(default=True, verbose_name="active"),
        ),
        migrations.AlterField(
            model_name="endpoint",
            name="retired_at",
            field=models.DateTimeField(blank=True, null=True, verbose_name="retired"),
        ),
        migrations.AlterField(
            model_name="costversion",
            name="endpoint",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT,
                related_name="costs",
                to="routing.endpoint",
                verbose_name="endpoint",
            ),
        ),
        migrations.AlterField(
            model_name="costversion",
            name="valid_from",
            field=models.DateTimeField(default=django.utils.timezone.now, verbose_name="in force from"),
        ),
        migrations.AlterField(
            model_name="providersync",
            name="provider",
            field=models.OneToOneField(
                on_delete=django.db.models.deletion.PROTECT,
                related_name="sync",
                to="routing.provider",
                verbose_name="provider",
            ),
        ),
        migrations.AlterField(
            model_name="catalogproposal",
            name="provider",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT,
                related_name="proposals",
                to="routing.provider",
                verbose_name="provider",
            ),
        ),
        migrations.AlterField(
            model_name="catalogproposal",
            name="endpoint",
            field=models.ForeignKey(
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="proposals",
                to="routing.endpoint",
                verbose_name="endpoint",
            ),
        ),
        migrations.AlterField(
            model_name="catalogproposal",
            name="cost",
            field=models.ForeignKey(
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="routing.costversion",
                verbose_name="price",
            ),
        ),
        migrations.AlterField(
            model_name="feed",
            name="slug",
            field=models.SlugField(
                help_text="The adapter: caiso, nyiso, ercot, ieso, miso, …",
                unique=True,
                verbose_name="short name",
            ),
        ),
        migrations.AlterField(model_name="feed", name="name", field=models.TextField(verbose_name="name")),
        migrations.AlterField(
            model_name="feed",
            name="step_s",
            field=models.PositiveIntegerField(default=300, verbose_name="seconds between two prices"),
        ),
        migrations.AlterField(
            model_name="feed",
            name="poll_s",
            field=models.PositiveIntegerField(default=300, verbose_name="seconds between two questions"),
        ),
        migrations.AlterField(
            model_name="feed",
            name="needs_terms",
            field=models.BooleanField(
                default=False,
                help_text="Off until an operator accepts its terms.",
                verbose_name="needs its terms accepted",
            ),
        ),
        migrations.AlterField(
            model_name="feed",
            name="needs_key",
            field=models.BooleanField(default=False, verbose_name="needs a key"),
        ),
        migrations.AlterField(
            model_name="feed",
            name="terms_url",
            field=models.TextField(blank=True, verbose_name="address of its terms"),
        ),
        migrations.AlterField(
            model_name="feed",
            name="attribution",
            field=models.TextField(blank=True, verbose_name="what pages say of the source"),
        ),
        migrations.AlterField(
            model_name="feed",
            name="simulated",
            field=models.BooleanField(
                default=False, help_text="Made by us; pages say so.", verbose_name="simulated"
            ),
        ),
        migrations.AlterField(
            model_name="gridrate",
            name="currency",
            field=models.TextField(choices=[("USD", "USD"), ("CAD", "CAD")], verbose_name="currency"),
        ),
        migrations.AlterField(model_name="gridrate", name="date", field=models.DateField(verbose_name="day")),
        migrations.AlterField(
            model_name="gridrate",
            name="per_usd",
            field=models.DecimalField(decimal_places=6, max_digits=12, verbose_name="for one dollar"),
        ),
        migrations.AlterField(
            model_name="gridrate",
            name="seen_at",
            field=models.DateTimeField(auto_now_add=True, verbose_name="first seen"),
        ),
        migrations.AlterField(
            model_name="gridnode",
            name="feed",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT,
                related_name="nodes",
                to="routing.feed",
                verbose_name="market feed",
            ),
        ),
        migrations.AlterField(
            model_name="gridnode",
            name="code",
            field=models.TextField(
                help_text="As the market writes it: TH_NP15_GEN-APND, HB_NORTH, TORONTO:HUB.",
                verbose_name="code",
            ),
        ),
        migrations.AlterField(
            model_name="gridnode",
            name="currency",
            field=models.TextField(
                choices=[("USD", "USD"), ("CAD", "CAD")], default="USD", verbose_name="currency"
            ),
        ),
        migrations.AlterField(
            model_name="gridnode",
            name="params",
            field=models.JSONField(
                blank=True,
                default=dict,
                help_text="static: usd_per_mwh; replay: series, if not of its own code.",
                verbose_name="parameters",
            ),
        ),
        migrations.AlterField(
            model_name="gridprice",
            name="node",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT,
                related_name="prices",
                to="routing.gridnode",
                verbose_name="grid node",
            ),
        ),
        migrations.AlterField(
            model_name="gridprice", name="start", field=models.DateTimeField(verbose_name="begins")
        ),
        migrations.AlterField(
            model_name="gridprice", name="end", field=models.DateTimeField(verbose_name="ends")
        ),
        migrations.AlterField(
            model_name="gridprice",
            name="price",
            field=models.DecimalField(
                decimal_places=6,
                help_text="Per MWh, in the node's currency, as published; may be negative.",
                max_digits=12,
                verbose_name="as published, per MWh",
            ),
        ),
        migrations.AlterField(
            model_name="gridprice",
            name="usd",
            field=models.DecimalField(decimal_places=6, max_digits=12, verbose_name="USD per MWh"),
        ),
        migrations.AlterField(
            model_name="datacentre",
            name="provider",
            field=models.OneToOneField(
                on_delete=django.db.models.deletion.PROTECT,
                related_name="site",
                to="routing.provider",
                verbose_name="provider",
            ),
        ),
        migrations.AlterField(
            model_name="datacentre",
            name="place",
            field=models.TextField(help_text="For people: Dallas, Texas.", verbose_name="place"),
        ),
        migrations.AlterField(
            model_name="datacentre",
            name="country",
            field=models.CharField(
                help_text="ISO 3166-1; where data stays.", max_length=2, verbose_name="country"
            ),
        ),
        migrations.AlterField(
            model_name="datacentre",
            name="node",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT,
                related_name="sites",
                to="routing.gridnode",
                verbose_name="grid node",
            ),
        ),
        migrations.AlterField(
            model_name="datacentre",
            name="pue",
            field=models.DecimalField(
                decimal_places=3, default="1.250", max_digits=5, verbose_name="PUE of the building"
            ),
        ),
        migrations.AlterField(
            model_name="datacentre",
            name="host_factor",
            field=models.DecimalField(
                decimal_places=3,
                default="1.500",
                help_text="Server at the wall ÷ its GPUs.",
                max_digits=5,
                verbose_name="factor of the servers",
            ),
        ),
        migrations.AlterField(
            model_name="datacentre",
            name="indexed_share",
            field=models.DecimalField(
                decimal_places=3,
                default="1.000",
                help_text="phi: the load that pays the live price.",
                max_digits=4,
                verbose_name="share at the live price",
            ),
        ),
        migrations.AlterField(
            model_name="datacentre",
            name="hedge_usd",
            field=models.DecimalField(
                decimal_places=6,
                default="0",
                help_text="What the rest of the load pays.",
                max_digits=12,
                verbose_name="hedged price, USD/MWh",
            ),
        ),
        migrations.AlterField(
            model_name="datacentre",
            name="adder_usd",
            field=models.DecimalField(
                decimal_places=6,
                default="25",
                help_text="Wires, capacity, retailer, losses, tax.",
                max_digits=12,
                verbose_name="added to it, USD/MWh",
            ),
        ),
        migrations.AlterField(
            model_name="datacentre",
            name="floor_usd",
            field=models.DecimalField(
                decimal_places=6, default="0", max_digits=12, verbose_name="floor, USD/MWh"
            ),
        ),
        migrations.AlterField(
            model_name="datacentre",
            name="ceiling_usd",
            field=models.DecimalField(
                decimal_places=6,
                default="300",
                help_text="Above it the site is drained, not priced.",
                max_digits=12,
                verbose_name="ceiling, USD/MWh",
            ),
        ),
        migrations.AlterField(
            model_name="datacentre",
            name="tariff_usd",
            field=models.DecimalField(
                decimal_places=6,
                default="65",
                help_text="Delivered; when the market has been silent for a day.",
                max_digits=12,
                verbose_name="contract price, USD/MWh",
            ),
        ),
        migrations.AlterField(
            model_name="datacentre",
            name="in_flight_max",
            field=models.PositiveIntegerField(default=256, verbose_name="calls at once"),
        ),
        migrations.AlterField(
            model_name="datacentre",
            name="queue_budget_ms",
            field=models.PositiveIntegerField(default=1500, verbose_name="longest wait, ms"),
        ),
        migrations.AlterField(
            model_name="datacentre",
            name="metrics_url",
            field=models.TextField(
                blank=True,
                help_text="Prometheus text of vLLM, SGLang or llama.cpp.",
                verbose_name="address of its metrics",
            ),
        ),
        migrations.AlterField(
            model_name="datacentre",
            name="override_usd",
            field=models.DecimalField(
                blank=True,
                decimal_places=6,
                help_text="Delivered price by hand instead of the market.",
                max_digits=12,
                null=True,
                verbose_name="price by hand, USD/MWh",
            ),
        ),
        migrations.AlterField(
            model_name="datacentre",
            name="override_until",
            field=models.DateTimeField(blank=True, null=True, verbose_name="price by hand until"),
        ),
        migrations.AlterField(
            model_name="hosting",
            name="endpoint",
            field=models.OneToOneField(
                on_delete=django.db.models.deletion.PROTECT,
                related_name="hosting",
                to="routing.endpoint",
                verbose_name="endpoint",
            ),
        ),
        migrations.AlterField(
            model_name="hosting",
            name="gpus",
            field=models.PositiveSmallIntegerField(verbose_name="number of GPUs"),
        ),
        migrations.AlterField(
            model_name="hosting",
            name="gpu",
            field=models.TextField(default="H100", verbose_name="kind of GPU"),
        ),
        migrations.AlterField(
            model_name="hosting",
            name="gpu_hour_usd",
            field=models.DecimalField(
                decimal_places=4, default="1.5000", max_digits=8, verbose_name="USD per GPU-hour"
            ),
        ),
        migrations.AlterField(
            model_name="hosting",
            name="joules_per_token",
            field=models.DecimalField(
                decimal_places=4,
                help_text="GPUs only, per output token, its share of prompt included.",
                max_digits=8,
                verbose_name="joules per token",
            ),
        ),
        migrations.AlterField(
            model_name="hosting",
            name="tokens_per_s",
            field=models.PositiveIntegerField(
                help_text="Output tokens a second of the whole deployment.", verbose_name="tokens a second"
            ),
        ),
        migrations.AlterField(
            model_name="hosting",
            name="planned_use",
            field=models.DecimalField(
                decimal_places=3, default="0.500", max_digits=4, verbose_name="planned share in use"
            ),
        ),
        migrations.AlterField(
            model_name="hosting",
            name="input_weight",
            field=models.DecimalField(
                decimal_places=4, default="0.2000", max_digits=5, verbose_name="weight of input"
            ),
        ),
        migrations.AlterField(
            model_name="hosting",
            name="cached_weight",
            field=models.DecimalField(
                decimal_places=4, default="0.0500", max_digits=5, verbose_name="weight of cached input"
            ),
        ),
        migrations.AlterField(
            model_name="hosting",
            name="floor_usd",
            field=models.DecimalField(
                decimal_places=4,
                default="0",
                help_text="Least USD per 10^6 output tokens.",
                max_digits=10,
                verbose_name="floor, USD per million",
            ),
        ),
        migrations.AlterField(
            model_name="hosting",
            name="idle_kw",
            field=models.DecimalField(
                decimal_places=3,
                default="0",
                help_text="Standby that isn't switched off; 0: it is.",
                max_digits=6,
                verbose_name="standby, kW",
            ),
        ),
        migrations.AlterField(
            model_name="hosting",
            name="quantization",
            field=models.TextField(
                blank=True,
                help_text="As benchmark prices call it: FP8; empty: full.",
                verbose_name="quantization",
            ),
        ),
        migrations.AlterField(
            model_name="hosting",
            name="source",
            field=models.TextField(blank=True, verbose_name="source of the figures"),
        ),
        migrations.AlterField(
            model_name="preference",
            name="model",
            field=models.OneToOneField(
                on_delete=django.db.models.deletion.CASCADE,
                related_name="preference",
                to="routing.model",
                verbose_name="model",
            ),
        ),
        migrations.AlterField(
            model_name="preference",
            name="endpoint",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="routing.endpoint",
                verbose_name="endpoint",
            ),
        ),
        migrations.AlterField(
            model_name="preference", name="since", field=models.DateTimeField(verbose_name="since")
        ),
        migrations.AlterField(
            model_name="preference",
            name="challenger",
            field=models.ForeignKey(
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="routing.endpoint",
                verbose_name="may take over",
            ),
        ),
        migrations.AlterField(
            model_name="preference",
            name="challenged_ticks",
            field=models.PositiveSmallIntegerField(default=0, verbose_name="ticks in a row"),
        ),
        migrations.AlterField(
            model_name="benchmarkprice",
            name="model",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT,
                related_name="benchmarks",
                to="routing.model",
                verbose_name="model",
            ),
        ),
        migrations.AlterField(
            model_name="benchmarkprice", name="provider", field=models.TextField(verbose_name="provider")
        ),
        migrations.AlterField(
            model_name="benchmarkprice",
            name="quantization",
            field=models.TextField(blank=True, verbose_name="quantization"),
        ),
        migrations.AlterField(
            model_name="benchmarkprice",
            name="url",
            field=models.URLField(max_length=500, verbose_name="address"),
        ),
        migrations.AlterField(
            model_name="benchmarkprice", name="seen_at", field=models.DateField(verbose_name="seen on")
        ),
    ]
