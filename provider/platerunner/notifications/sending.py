"""Messages on their way, by the notifiers of Airflow's providers."""

import html
import logging
from collections.abc import Callable, Mapping
from importlib.metadata import PackageNotFoundError, distribution
from typing import Any

from airflow.sdk import BaseNotifier

from platerunner.notifications.texts import Text

log = logging.getLogger(__name__)
SLACK_CHARS = 3500
"""Slack asks for no more than 4,000 in a message."""
SNS_SUBJECT_CHARS = 100
Options = Mapping[str, Any]


def send(kind: str, options: Options, text: Text) -> bool:
    """Send a message; what prevents it goes to the log, and nothing else fails because of it.

    :param kind: ``slack``, ``slack_webhook``, ``email`` or ``sns``.
    :param options: as the spec has them.
    :returns: whether it was sent.
    """
    try:
        _NOTIFIERS[kind](options, text).notify({})  # not called: that would take the text for a template
    except Exception as error:  # a message that is not sent is not a reason for a step to fail
        log.error(  # noqa: TRY400  (a person reads this)
            "the message `%s` could not be sent by %s (%s: %s); check `notify` in the spec and the connection %s",
            text.subject,
            kind,
            type(error).__name__,
            error,
            options.get("connection", "that it uses"),
        )
        return False
    log.info("sent `%s` by %s", text.subject, kind)
    return True


def missing_package(kind: str) -> str | None:
    """The package that a kind of message needs and that is not installed; None if it is."""
    try:
        distribution(_PACKAGES[kind])
    except PackageNotFoundError:
        return _PACKAGES[kind]
    return None


def _slack(options: Options, text: Text) -> BaseNotifier:
    from airflow.providers.slack.notifications.slack import SlackNotifier

    conn_id = options.get("connection", "slack_api_default")
    notifier: BaseNotifier = SlackNotifier(
        slack_conn_id=conn_id, channel=options["channel"], text=_for_slack(text), username="Platerunner"
    )
    return notifier


def _slack_webhook(options: Options, text: Text) -> BaseNotifier:
    from airflow.providers.slack.notifications.slack_webhook import SlackWebhookNotifier

    conn_id = options.get("connection", "slack_default")
    notifier: BaseNotifier = SlackWebhookNotifier(slack_webhook_conn_id=conn_id, text=_for_slack(text))
    return notifier


def _email(options: Options, text: Text) -> BaseNotifier:
    from airflow.providers.smtp.notifications.smtp import SmtpNotifier

    return SmtpNotifier(
        to=list(options["to"]),
        subject=text.subject,
        html_content=f"<pre>{html.escape(text.body)}</pre>",
        smtp_conn_id=options.get("connection", "smtp_default"),
    )


def _sns(options: Options, text: Text) -> BaseNotifier:
    from airflow.providers.amazon.aws.notifications.sns import SnsNotifier

    topic = str(options["topic"])
    return SnsNotifier(
        aws_conn_id=options.get("connection", "aws_default"),
        target_arn=topic,
        subject=text.subject.encode("ascii", "replace").decode()[:SNS_SUBJECT_CHARS],
        message=f"{text.subject}\n\n{text.body}",
        region_name=topic.split(":")[3],
    )


def _for_slack(text: Text) -> str:
    body = text.body if len(text.body) <= SLACK_CHARS else f"{text.body[:SLACK_CHARS]}\n..."
    # Slack takes what stands between angle brackets for a link.
    return html.escape(f"*{text.subject}*\n```\n{body}\n```", quote=False)


_NOTIFIERS: Mapping[str, Callable[[Options, Text], BaseNotifier]] = {
    "slack": _slack, "slack_webhook": _slack_webhook, "email": _email, "sns": _sns,
}  # fmt: skip
_PACKAGES: Mapping[str, str] = {
    "slack": "apache-airflow-providers-slack",
    "slack_webhook": "apache-airflow-providers-slack",
    "email": "apache-airflow-providers-smtp",
    "sns": "apache-airflow-providers-amazon",
}
