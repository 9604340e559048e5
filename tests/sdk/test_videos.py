"""openai-python's videos against the running stack: what it parses and raises, and what is charged."""

import openai
import pytest
from openai import OpenAI

from tests.factories import Caller, make_caller
from tests.live.videos import SECOND, ended, wish
from tests.sdk.conftest import client_of
from tests.stack import Stack
from tests.upstream.films import mp4

# The vendor has ended its own service and says so with each call; the dialect lives on.
pytestmark = pytest.mark.filterwarnings("ignore:The Sora API:DeprecationWarning")


def test_create_and_poll_then_download_list_and_delete(client: OpenAI, caller: Caller):
    video = client.videos.create_and_poll(
        model="test/video", prompt=wish(job={"polls": 1}), seconds="4", size="720x1280", poll_interval_ms=700
    )
    assert (video.status, video.progress, video.seconds, video.size) == ("completed", 100, "4", "720x1280")
    assert video.completed_at is not None and video.expires_at is not None
    assert video.expires_at - video.completed_at == 24 * 3600
    assert client.videos.download_content(video.id).read() == mp4(4)
    assert caller.charged() == 4 * SECOND
    assert [found.id for found in client.videos.list(limit=1)] == [video.id]
    gone = client.videos.delete(video.id)
    assert (gone.id, gone.deleted, gone.object) == (video.id, True, "video.deleted")
    with pytest.raises(openai.NotFoundError):
        client.videos.retrieve(video.id)


def test_a_picture_to_begin_with(client: OpenAI, stack: Stack):
    picture = ("a.png", b"\x89PNG\r\n\x1a\n", "image/png")
    video = client.videos.create(
        model="test/video", prompt=wish("begin"), input_reference=picture, seconds="8"
    )
    assert (video.status, video.seconds, video.error) == ("queued", "8", None)
    body = stack.upstream.journal("begin")[0]["body"]
    assert (body["seconds"], body["files"][0][:3]) == ("8", ["input_reference", "a.png", "image/png"])


def test_the_list_is_paged_by_the_sdk(client: OpenAI):
    ids = [client.videos.create(model="test/video", prompt="Chorsu").id for _ in range(3)]
    assert [video.id for video in client.videos.list(limit=1, order="asc")] == ids


def test_a_failure_is_told(client: OpenAI, caller: Caller):
    video = client.videos.create_and_poll(model="test/video", prompt=wish(job={"fail": "moderation_blocked"}))
    assert (video.status, video.error and video.error.code) == ("failed", "moderation_blocked")
    assert (ended(caller)["state"], caller.charged()) == (2, 0)


def test_refusals(stack: Stack, client: OpenAI):
    with pytest.raises(openai.BadRequestError) as caught:
        client.videos.create(model="test/video", prompt="a", seconds="12")
    assert caught.value.param == "seconds"
    with pytest.raises(openai.BadRequestError):
        client.videos.download_content(
            client.videos.create(model="test/video", prompt=wish(job={"polls": 9})).id
        )
    with client_of(stack, make_caller().key) as poor, pytest.raises(openai.APIStatusError) as money:
        poor.videos.create(model="test/video", prompt="a")
    assert money.value.status_code == 402


async def test_the_async_client(stack: Stack, caller: Caller):
    async with openai.AsyncOpenAI(base_url=f"{stack.url}/v1", api_key=caller.key) as client:
        video = await client.videos.create_and_poll(model="test/video", prompt="Registon", seconds="4")
        content = await client.videos.download_content(video.id)
        assert await content.aread() == mp4(4)
