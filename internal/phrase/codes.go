package phrase

// The codes. They are never renamed: records keep them.
const (
	// What a call to a platform came to; {why} is one of the reasons below.
	Unreached     Code = "unreached"
	Halfway       Code = "halfway"
	UnderWay      Code = "under_way"
	Elsewhere     Code = "elsewhere"
	Status        Code = "status"
	FewerCalls    Code = "fewer_calls"
	NotJSON       Code = "not_json"
	TooLong       Code = "too_long"
	Unwritable    Code = "unwritable"
	NotBelow      Code = "not_below"
	NoCredentials Code = "no_credentials"

	// Why a call got no answer.
	WhyCancelled   Code = "why_cancelled"
	WhyTimeOut     Code = "why_time_out"
	WhyNoHost      Code = "why_no_host"
	WhyCertificate Code = "why_certificate"
	WhyNoTLS       Code = "why_no_tls"
	WhyClosed      Code = "why_closed"
	WhyNotHTTP     Code = "why_not_http"
	WhyRefused     Code = "why_refused"
	WhyReset       Code = "why_reset"
	WhyNoRoute     Code = "why_no_route"
	WhyNoNetwork   Code = "why_no_network"

	// What to do about them.
	FixReadBack    Code = "fix_read_back"
	FixHost        Code = "fix_host"
	FixScheme      Code = "fix_scheme"
	FixRunning     Code = "fix_running"
	FixWay         Code = "fix_way"
	FixElsewhere   Code = "fix_elsewhere"
	FixCredentials Code = "fix_credentials"
	FixRights      Code = "fix_rights"
	FixNonsense    Code = "fix_nonsense"

	// What keeps an account from being read.
	Stuck          Code = "stuck"
	FixStuck       Code = "fix_stuck"
	NotTakenIn     Code = "not_taken_in"
	Broken         Code = "broken"
	PartIdentity   Code = "part_identity"
	PartOwnPosts   Code = "part_own_posts"
	PartLists      Code = "part_lists"
	PartStream     Code = "part_stream"
	PartWebhook    Code = "part_webhook"
	Unread         Code = "unread"
	TooLate        Code = "too_late"
	Uncompared     Code = "uncompared"
	StandsStill    Code = "stands_still"
	FixStandsStill Code = "fix_stands_still"
	StreamEnded    Code = "stream_ended"
	Crashed        Code = "crashed"
	FixCrashed     Code = "fix_crashed"

	// Why a delivery to a webhook was refused.
	DeliveryTooLarge  Code = "delivery_too_large"
	DeliveryBroken    Code = "delivery_broken"
	DeliveriesAtOnce  Code = "deliveries_at_once"
	DeliveryNotKept   Code = "delivery_not_kept"
	DeliveryInPart    Code = "delivery_in_part"
	DeliveryNotNow    Code = "delivery_not_now"
	DeliveryUnsigned  Code = "delivery_unsigned"
	FixUnsigned       Code = "fix_unsigned"
	DeliveriesOff     Code = "deliveries_off"
	FixDeliveriesOff  Code = "fix_deliveries_off"
	NoVerification    Code = "no_verification"
	FixNoVerification Code = "fix_no_verification"
	OtherToken        Code = "other_token"
	FixOtherToken     Code = "fix_other_token"
	SignedDeep        Code = "signed_deep"
	SignedNoJSON      Code = "signed_no_json"
	SignedOther       Code = "signed_other"
	SignedMany        Code = "signed_many"
	SignedInPart      Code = "signed_in_part"
	FixSigned         Code = "fix_signed"
	DeliveryLeavesOut Code = "delivery_leaves_out"
	WrongSignatures   Code = "wrong_signatures"
	FixSecret         Code = "fix_secret"
	WrongTimes        Code = "wrong_times"
	FixClock          Code = "fix_clock"
	OrStrangers       Code = "or_strangers"

	// Why an answer did not go out, or may not have.
	KeptUnread      Code = "kept_unread"
	KeptUnasked     Code = "kept_unasked"
	KeptStopped     Code = "kept_stopped"
	KeptChanged     Code = "kept_changed"
	OtherAccount    Code = "other_account"
	FixOtherAccount Code = "fix_other_account"
	NoPictures      Code = "no_pictures"
	FixNoPictures   Code = "fix_no_pictures"
	CannotAct       Code = "cannot_act"
	FixCannotAct    Code = "fix_cannot_act"
	NoID            Code = "no_id"
	CrashedSending  Code = "crashed_sending"
	CutOff          Code = "cut_off"
	Unsaid          Code = "unsaid"
	FixUnsure       Code = "fix_unsure"
	IDTaken         Code = "id_taken"
	Interrupted     Code = "interrupted"
	Absent          Code = "absent"
	Settled         Code = "settled"
	FixSendAgain    Code = "fix_send_again"
)

// english are the sentences of the codes.
var english = map[Code]string{ //nolint:gosec // sentences about tokens and secrets, and none of either
	Unreached:         "{host} cannot be reached ({why})",
	Halfway:           "{host} gave no whole answer ({why})",
	UnderWay:          "{host} did not answer after the request was under way ({why})",
	Elsewhere:         "{host} redirects to another host, {origin}",
	Status:            "{host} answered with status {status}",
	FewerCalls:        "{host} asks for fewer requests",
	NotJSON:           "the platform's answer is not the JSON that was expected",
	TooLong:           "the platform's answer is larger than {n} bytes",
	Unwritable:        "the request cannot be encoded",
	NotBelow:          "the request's address is not below the account's base_url",
	NoCredentials:     "the account's credentials cannot be used",
	WhyCancelled:      "the call was cancelled",
	WhyTimeOut:        "time-out",
	WhyNoHost:         "the host name is not known",
	WhyCertificate:    "its TLS certificate is not valid",
	WhyNoTLS:          "it does not speak TLS",
	WhyClosed:         "the connection was closed",
	WhyNotHTTP:        "what came back is not HTTP",
	WhyRefused:        "connection refused",
	WhyReset:          "connection reset by peer",
	WhyNoRoute:        "no route to host",
	WhyNoNetwork:      "network is unreachable",
	FixReadBack:       "Reading back will show whether it was carried out.",
	FixHost:           "Correct the host in base_url, or this machine's DNS.",
	FixScheme:         "Write http in place of https in base_url, or the port that speaks TLS.",
	FixRunning:        "Check that it runs and that base_url is right.",
	FixWay:            "Check the daemon's way to the internet and the account's base_url.",
	FixElsewhere:      "Set the account's base_url to the address that the platform itself documents: nothing was sent to the other one.",
	FixCredentials:    "Renew the account's credentials; they are wrong, expired or revoked.",
	FixRights:         "Check what the account's credentials may do on the platform.",
	FixNonsense:       "Look whether the address is the platform's own, and whether a proxy or a sign-in page stands in between.",
	Stuck:             "a poll does not return although its time is over",
	FixStuck:          "Restart the daemon, and report it: the connector ignores its time-out.",
	NotTakenIn:        "the mentions could not be taken in by the daemon itself",
	Broken:            "{why} does not work",
	PartIdentity:      "identity",
	PartOwnPosts:      "own posts",
	PartLists:         "other lists",
	PartStream:        "stream",
	PartWebhook:       "webhook",
	Unread:            "the platform could not be read",
	TooLate:           "the platform did not answer in time",
	Uncompared:        "the account's own posts could not be compared with what was approved",
	StandsStill:       "the platform says that there is more, and its cursor stands still",
	FixStandsStill:    "Report it: the connector and the platform do not agree on paging.",
	StreamEnded:       "the platform ended the stream; polling goes on",
	Crashed:           "the connector failed by a fault of its own ({what})",
	FixCrashed:        "Report it with the stack in the daemon's log.",
	DeliveryTooLarge:  "it is larger than {n} MB",
	DeliveryBroken:    "it broke off, or came too slowly",
	DeliveriesAtOnce:  "too many deliveries came at once",
	DeliveryNotKept:   "it could not be kept",
	DeliveryInPart:    "a part of it could not be completed, and shall come again",
	DeliveryNotNow:    "the delivery could not be taken in now",
	DeliveryUnsigned:  "a delivery carries no signature made with {secret}",
	FixUnsigned:       "If {platform} sent it, set {secret} to the secret of the app whose webhook this is.",
	DeliveriesOff:     "the account takes no deliveries, as its settings lack {token} or {secret}",
	FixDeliveriesOff:  "Set both, or take the webhook out of {platform}'s console.",
	NoVerification:    "the call is none of {platform}'s verifications",
	FixNoVerification: "{platform} itself opens this address, when its console is told to; a browser gets nothing here.",
	OtherToken:        "the verification came with another token than {token}",
	FixOtherToken:     "Write the same text as {token} here and as Verify token in {platform}'s console.",
	SignedDeep:        "{platform} signed a delivery that is nested too deep",
	SignedNoJSON:      "{platform} signed a delivery that is not the JSON that was expected",
	SignedOther:       "{platform} signed a delivery about another object than {object}",
	SignedMany:        "{platform} signed a delivery with more than {n} updates",
	SignedInPart:      "{platform} delivered something that makes no sense; it was left out, and the rest came in",
	FixSigned:         "Report it: {platform} does not deliver such things.",
	DeliveryLeavesOut: "a delivery leaves out more than can be asked for",
	WrongSignatures:   "deliveries come with a wrong signature, and none with a right one",
	FixSecret:         "If the platform sends them, the app secret in the account's settings is not that of the app which calls this address: copy it again.",
	WrongTimes:        "deliveries come whose signed time is too far from this machine's clock",
	FixClock:          "Set this machine's clock right, with a time server.",
	OrStrangers:       "{why} If a stranger sends them, nothing of them got in: polling goes on, and your proxy can keep the stranger out.",
	KeptUnread:        "It was kept back: whether an earlier attempt stands there could not be read.",
	KeptUnasked:       "It was kept back: the outbox could not be asked.",
	KeptStopped:       "It was kept back: publishing was stopped before it was sent.",
	KeptChanged:       "It was kept back: what it was approved for no longer held right before it was sent.",
	OtherAccount:      "the release is for another account",
	FixOtherAccount:   "Report it: this must not happen.",
	NoPictures:        "this kind of account publishes no pictures",
	FixNoPictures:     "Propose the answer without them.",
	CannotAct:         "this kind of account cannot do this ({action})",
	FixCannotAct:      "Answer in another way: what somebody does on the platform itself, nobody approved.",
	NoID:              "the platform accepted it and did not say under which id",
	CrashedSending:    "the connector failed by a fault of its own while it was publishing",
	CutOff:            "publishing was cut off before the platform answered",
	Unsaid:            "the connector does not say whether the post was accepted",
	FixUnsure:         "Reading back will show whether it stands there; else a press officer looks and decides.",
	IDTaken:           "The platform named a post that stands for another answer already.",
	Interrupted:       "The daemon ended while this was being sent.",
	Absent:            "The platform did not take it: reading back twice found nothing.",
	Settled:           "A press officer found that it was not published.",
	FixSendAgain:      "Send it again.",
}
