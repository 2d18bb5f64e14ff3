"""Storage, mail, payment, messages: services that are reached over the network by a library of their own.

Facts: boto3 1.4x, aioboto3 15, @aws-sdk 3, stripe 13 (Python) and 20 (Node), nodemailer 7, resend 6, sendgrid 6 and
@sendgrid/mail 8, twilio 9, google-cloud-storage 3, paramiko 4, grpcio (published sources and documentation).
"""

from pooltlint.outside import Outside, names

_BOTO = names(
    "upload_file upload_fileobj download_file download_fileobj put_object get_object copy_object delete_object "
    "delete_objects head_object list_objects_v2 list_objects copy send_message send_message_batch receive_message "
    "publish send_email send_raw_email invoke invoke_model converse put_events start_execution put_record put_records "
    "get_secret_value upload_part complete_multipart_upload"
)
_VERBS = names("create retrieve modify update cancel capture confirm list search pay finalizeInvoice del expire")
_STRIPE = _VERBS | {f"{each}_async" for each in _VERBS}
_AWS = {
    f"@aws-sdk/client-{service}.{name}()": names("send")
    for service, clients in {
        "s3": ("S3Client", "S3"),
        "sqs": ("SQSClient",),
        "sns": ("SNSClient",),
        "ses": ("SESClient",),
        "sesv2": ("SESv2Client",),
        "lambda": ("LambdaClient",),
        "bedrock-runtime": ("BedrockRuntimeClient",),
        "eventbridge": ("EventBridgeClient",),
        "sfn": ("SFNClient",),
        "secrets-manager": ("SecretsManagerClient",),
        "cognito-identity-provider": ("CognitoIdentityProviderClient",),
    }.items()
    for name in clients
}

OUTSIDE = (
    Outside(
        "an AWS service",
        {f"boto3.{each}()": _BOTO for each in ("client", "resource", "Session", "session.Session")},
    ),
    Outside(
        "an AWS service",
        {**_AWS, "aioboto3.Session()": _BOTO, "aiobotocore.session.get_session()": _BOTO},
        promises=True,
    ),
    Outside(
        "Google Cloud Storage",
        {
            "google.cloud.storage.Client()": names(
                "upload_from_filename upload_from_string upload_from_file download_as_bytes download_as_string "
                "download_to_filename download_as_text"
            )
        },
    ),
    Outside("Stripe", {"stripe": _STRIPE, "stripe.StripeClient()": _STRIPE}, spared=names("webhooks Webhook")),
    Outside(
        "Stripe",
        {"stripe()": _STRIPE, "stripe.Stripe()": _STRIPE},
        promises=True,
        spared=names("webhooks"),
    ),
    Outside(
        "a mail server",
        {
            "smtplib.SMTP": names("()"),
            "smtplib.SMTP_SSL": names("()"),
            "sendgrid.SendGridAPIClient()": names("send"),
            "resend.Emails": names("send"),
        },
    ),
    Outside(
        "a mail server",
        {
            "aiosmtplib": names("send"),
            "aiosmtplib.send": names("()"),
            "fastapi_mail.FastMail()": names("send_message"),
            "nodemailer.createTransport()": names("sendMail"),
            "resend.Resend()": names("send create"),
            "@sendgrid/mail": names("send sendMultiple"),
            "postmark.ServerClient()": names("sendEmail sendEmailWithTemplate"),
        },
        promises=True,
    ),
    Outside("Twilio", {"twilio.rest.Client()": names("create fetch")}),
    Outside("Twilio", {"twilio()": names("create fetch"), "twilio.Twilio()": names("create fetch")}, promises=True),
    Outside(
        "a file transfer",
        {"paramiko.SFTPClient()": names("put get"), "ftplib.FTP": names("()")},
    ),
)
