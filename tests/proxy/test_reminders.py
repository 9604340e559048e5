"""Instructions in the middle of a conversation, for servers that know them only at its beginning."""

from proxy.dialects.reminders import folded


def user(content):
    return {"role": "user", "content": content}


def system(text):
    return {"role": "system", "content": text}


def texts(message):
    content = message["content"]
    return [content] if isinstance(content, str) else [part["text"] for part in content]


def test_what_stands_first_stays():
    messages = [system("a"), {"role": "developer", "content": "b"}, user("x")]
    assert folded(messages) == messages


def test_a_later_one_joins_the_users_turn_before():
    found = folded([user("x"), system("be brief"), {"role": "assistant", "content": "ok"}])
    assert [message["role"] for message in found] == ["user", "assistant"]
    assert texts(found[0]) == ["x", "<system-reminder>\nbe brief\n</system-reminder>"]


def test_behind_a_tools_result_it_joins_the_users_turn_after():
    result = {"role": "tool", "tool_call_id": "a", "content": "1"}
    found = folded([user("x"), {"role": "assistant", "tool_calls": []}, result, system("s"), user("y")])
    assert [message["role"] for message in found] == ["user", "assistant", "tool", "user"]
    assert texts(found[-1]) == ["<system-reminder>\ns\n</system-reminder>", "y"]


def test_two_users_turns_of_the_callers_own_stay_two():
    assert folded([user("x"), user("y")]) == [user("x"), user("y")]
