export { Api } from "./api";
export { fromBase64Url, toBase64Url } from "./base64url";
export { isTransient, retryAfter, TransportError } from "./errors";
export { Http } from "./http";
export type { Answers, Link, LinkState, RequestFields, RequestTag } from "./link";
export type {
  ActivationOfferAnswer,
  ConversationAnswer,
  DeviceAnswer,
  MeAnswer,
  PersonCardAnswer,
  RecoveryTicket,
  SignInOutcome,
} from "./shapes";
export { PollSocket } from "./poll";
export { Socket, type SocketOptions, type WebSocketLike } from "./socket";
export type { Line, Way } from "./ways";
