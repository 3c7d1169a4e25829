package desk

func (k *desk) settingsPages() []page { return nil }
