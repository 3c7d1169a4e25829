package inbox

// Unanswered is why a platform takes no answer to a mention: a code that does
// not change, for programs and for words in other languages. A mention keeps the
// English sentence, and [UnansweredBy] finds the code of one.
type Unanswered string

// The codes.
const (
	UnansweredRepeat        Unanswered = "repeat"
	UnansweredThreadNamesUs Unanswered = "named_by_thread"
	UnansweredNotAddressed  Unanswered = "not_addressed"
	UnansweredGroup         Unanswered = "group_message"
	UnansweredPeopleOnly    Unanswered = "people_only"
	UnansweredMessengerDay  Unanswered = "messenger_day_over"
	UnansweredMessengerWeek Unanswered = "messenger_week_over"
	UnansweredInstagramDay  Unanswered = "instagram_day_over"
	UnansweredInstagramWeek Unanswered = "instagram_week_over"
	UnansweredHidden        Unanswered = "hidden_comment"
	UnansweredLive          Unanswered = "live_broadcast"
	UnansweredTag           Unanswered = "only_tagged"
	UnansweredNoPage        Unanswered = "facebook_login_only"
	UnansweredNobody        Unanswered = "unknown_sender"
	UnansweredReport        Unanswered = "delivery_report"
	UnansweredAutoSubmitted Unanswered = "auto_submitted"
	UnansweredNoReturn      Unanswered = "empty_return_path"
	UnansweredAutoReply     Unanswered = "automatic_answer"
	UnansweredOwnMail       Unanswered = "own_address"
	UnansweredNoAddress     Unanswered = "no_address"
	UnansweredUnreadable    Unanswered = "unreadable"
	UnansweredReceivesOnly  Unanswered = "receives_only"
	UnansweredNoWayBack     Unanswered = "no_way_back"
)

// UnansweredReasons are all codes with their English sentences.
func UnansweredReasons() map[Unanswered]string {
	return map[Unanswered]string{
		UnansweredRepeat:        "This repeats a post of somebody else: X takes an answer under the original alone.",
		UnansweredThreadNamesUs: "We are named here only because the thread names us: X takes no answer through the API. Answer by hand on X.",
		UnansweredNotAddressed:  "Its author neither mentioned nor quoted us: X takes no answer through the API. Answer by hand on X.",
		UnansweredGroup:         "This message is to a group: Standpunt answers one person at a time.",
		UnansweredPeopleOnly:    "Its author is answered by people, and the network takes no answer from a program.",
		UnansweredMessengerDay:  "Messenger takes an answer for 24 hours after the customer last wrote, and they are over.",
		UnansweredMessengerWeek: "Messenger takes an answer for seven days after the customer last wrote, and they are over.",
		UnansweredInstagramDay:  "Instagram takes an answer for 24 hours after the customer last wrote, and they are over.",
		UnansweredInstagramWeek: "Instagram takes an answer for seven days after the customer last wrote, and they are over.",
		UnansweredHidden:        "Instagram takes no answer to a hidden comment.",
		UnansweredLive:          "Instagram takes no public answer to a comment on a live broadcast.",
		UnansweredTag:           "Instagram takes no answer to a post that tags the account without mentioning it.",
		UnansweredNoPage:        "Instagram takes answers to mentions in others' posts over Facebook Login alone.",
		UnansweredNobody:        "Instagram does not tell who wrote the message.",
		UnansweredReport:        "This is a delivery report: a mail server wrote it.",
		UnansweredAutoSubmitted: "This mail says that a program sent it by itself (Auto-Submitted).",
		UnansweredNoReturn:      "This mail has no sender to answer to (an empty return path): a program sent it.",
		UnansweredAutoReply:     "This mail says that it is an automatic answer.",
		UnansweredOwnMail:       "This mail comes from the account's own address.",
		UnansweredNoAddress:     "This mail names no address to answer to.",
		UnansweredUnreadable:    "This mail could not be read.",
		UnansweredReceivesOnly:  "This account only receives: answer where the mention came from.",
		UnansweredNoWayBack:     "The platform's way back to this post could not be kept.",
	}
}

// English is the sentence of the code, as mentions keep it.
func (u Unanswered) English() string { return UnansweredReasons()[u] }

// UnansweredBy is the code of a sentence; "" where it is a program's own, as
// those that push mentions may give.
func UnansweredBy(sentence string) Unanswered {
	for code, english := range UnansweredReasons() {
		if english == sentence {
			return code
		}
	}
	return ""
}
