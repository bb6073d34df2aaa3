export { createSimulatedClock, type SimulatedClock } from './testing/simulated-clock.ts'
