package approval

// Proposal is something that takes two people.
type Proposal struct{ _ int }
