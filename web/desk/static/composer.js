export function startComposer() {}
