export function startInbox() {}
