export type { StoreContractCase, StoreContractOptions, StorePlace } from './testing/contract/store-place.ts'
export { createFakeSession, type FakeSession, type FakeSessionOptions } from './testing/fake-session.ts'
export { createSimulatedClock, type SimulatedClock } from './testing/simulated-clock.ts'
export { storeContract } from './testing/store-contract.ts'
export type {
  TokenEndpoint,
  TokenEndpointAnswers,
  TokenEndpointCounts,
  TokenEndpointFault,
  TokenEndpointOptions,
} from './testing/token-endpoint/options.ts'
export { createTokenEndpoint, startTokenEndpoint } from './testing/token-endpoint.ts'
