package desk

func (k *desk) inboxPages() []page { return nil }
