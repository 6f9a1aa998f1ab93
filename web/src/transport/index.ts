export { Api } from "./api";
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
export { Socket, type SocketOptions, type WebSocketLike } from "./socket";
