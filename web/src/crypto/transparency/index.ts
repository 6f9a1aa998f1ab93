export { type KeyAnswer, type VerifiedAnswer, verifyAnswer } from "./answer";
export { type Tree, verifyConsistency } from "./merkle";
export { openCheckpoint, parsePolicy, type Policy } from "./policy";
