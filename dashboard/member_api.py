"""DRF: `/api/members`: who belongs to the organization and who is asked to. A key reads, people change."""

from typing import Any

from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from accounts import invitations, letters, members
from accounts.models import Invitation, Language, Membership
from accounts.roles import POWERS, Power
from dashboard.api import ManagementView, StrictSerializer
from dashboard.shapes import RemovedMember, ShownInvitation, ShownMember, ShownMembers, described

TAG = "Members"


class InvitationSerializer(StrictSerializer):
    """Whom to ask, as what, and the language of the letter."""

    email = serializers.EmailField(max_length=254)
    role = serializers.ChoiceField(choices=[role.value for role in invitations.GIVEN])
    language = serializers.ChoiceField(choices=Language.values, required=False)


class RoleSerializer(StrictSerializer):
    role = serializers.ChoiceField(choices=list(POWERS))


class MembersView(ManagementView):
    """All members, and invitations without an answer."""

    @described("listMembers", "List members", ShownMembers, tag=TAG)
    def get(self, request: Request) -> Response:
        """Members of the organization; invitations for whoever may invite."""
        asked = invitations.of_organization(self.caller) if self.caller.may(Power.MEMBERS) else []
        return Response(
            {
                "data": [shown(one) for one in members.members_of(self.caller)],
                "invitations": [shown_invitation(one) for one in asked],
            }
        )

    @described("inviteMember", "Invite a member", ShownInvitation, tag=TAG, request=InvitationSerializer)
    def post(self, request: Request) -> Response:
        """By a person who is owner or administrator. The letter's link works once, for 7 days."""
        self.caller.require_person(Power.MEMBERS)
        form = InvitationSerializer(data=request.data)
        form.is_valid(raise_exception=True)
        data = form.validated_data
        made, token = invitations.invite(self.caller, data["email"], data["role"], data.get("language", ""))
        return Response(shown_invitation(made) | {"sent": letters.invite(made, token)})


class MemberView(ManagementView):
    """One member, or one invitation by its own id."""

    @described("changeMember", "Change a member's role", ShownMember, tag=TAG, request=RoleSerializer)
    def patch(self, request: Request, member_id: str) -> Response:
        """By a person, in force at once. Owners alone make owners; the last one stays."""
        member = members.find_member(self.caller, member_id)
        self.caller.require_person(Power.MEMBERS)
        form = RoleSerializer(data=request.data)
        form.is_valid(raise_exception=True)
        changed = members.change_role(self.caller, member, form.validated_data["role"])
        if changed.role != member.role and changed.user_id != request.user.pk:
            letters.role_changed(self.caller.organization, changed.user, changed.role)
        return Response(shown(changed))

    @described("removeMember", "Remove a member or an invitation", RemovedMember, tag=TAG)
    def delete(self, request: Request, member_id: str) -> Response:
        """By a person. Keys that a member has made go on working; an invitation's link doesn't."""
        if member_id.startswith("inv_"):
            invitation = invitations.find_invitation(self.caller, member_id)
            invitations.withdraw(self.caller, invitation)
        else:
            member = members.find_member(self.caller, member_id)
            members.remove(self.caller, member)
            letters.removed(self.caller.organization, member.user)
        return Response({"deleted": True, "id": member_id})


def shown(member: Membership) -> dict[str, Any]:
    """The public face of a member."""
    return {
        "id": member.api_id,
        "object": "member",
        "email": member.user.email,
        "name": member.user.name,
        "role": member.role,
        "created_at": member.created_at.isoformat(),
    }


def shown_invitation(invitation: Invitation) -> dict[str, Any]:
    """The public face of an invitation; its link is in the letter alone."""
    return {
        "id": invitation.api_id,
        "object": "invitation",
        "email": invitation.email,
        "role": invitation.role,
        "state": invitation.state,
        "expires_at": invitation.expires_at.isoformat(),
    }
