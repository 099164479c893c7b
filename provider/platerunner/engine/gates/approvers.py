"""Who may answer a gate: users by name or id, and groups of them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Approvers:
    """The approvers of a gate, with the groups taken apart.

    :param declared: as in the spec: users and groups; empty for everybody who may answer in Airflow.
    :param groups: name of a group to its users, as the connection has them.
    """

    declared: Sequence[str]
    groups: Mapping[str, Sequence[str]]

    @property
    def users(self) -> list[str]:
        """Names and ids; a group counts for its members alone, so that a user who is called like it gains nothing."""
        named = (self.groups.get(entry, [entry]) for entry in self.declared)
        return list(dict.fromkeys(user for users in named for user in users))

    def include(self, user_id: str, name: str) -> bool:
        """Whether somebody may decide.

        :param user_id: Airflow's id of them, a number with FAB; a number in the spec means that alone.
        :param name: their user name.
        """
        if not self.declared:
            return True
        return any(user == user_id or (user == name and not user.isdigit()) for user in self.users if user)

    @property
    def sentence(self) -> str:
        """Who may decide: ``imaging-leads (ada, ben), carl``."""
        return ", ".join(
            f"{entry} ({', '.join(self.groups[entry]) or 'nobody'})" if entry in self.groups else entry
            for entry in self.declared
        )
