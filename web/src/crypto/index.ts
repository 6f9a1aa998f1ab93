/**
 * What the page may import of the crypto layer: formats, identity chains and the worker's client. It pulls in neither
 * the MLS library nor Argon2 (those load in the worker); `start.ts` starts that worker, and under Node `engine.ts` is
 * imported directly.
 */

export type * from "./api";
export { type AuthenticatedData, parseAuthenticatedData } from "./authenticated-data";
export { type BeginBody, encodeBeginBody, parseBeginBody } from "./begin-body";
export { parseUuid, uuidText } from "./bytes";
export { type Chain, extendChain, type Pin, type StatementRule, verifyChain } from "./chain";
export { createWorkerEngine } from "./client";
export { parseActivationCode, parseRecoveryCode } from "./codes";
export {
  type Content,
  CONTENT_VERSION,
  decodeContent,
  encodeContent,
  type KnownContent,
  MAX_TEXT,
} from "./content";
export { CryptoError, type CryptoErrorCode, cryptoErrorCodes } from "./errors";
export { foldDigits, foldPassphrase, foldText, foldWords } from "./folding";
export {
  type DeviceEntry,
  parseStatement,
  type RevokedEntry,
  type SignedStatement,
  type Statement,
  statementHash,
} from "./identity";
export { CLASSICAL, encodePolicy, groupIdOf, HYBRID, parsePolicy } from "./policy";
export type { Engine } from "./rpc";
export { verify as verifySignature } from "./signing";
export { firstStatement, nextStatement, type StatementSigner } from "./statements";
export { type EnvelopeHeader, envelopeHash, firstTranscript, nextTranscript } from "./transcript";
