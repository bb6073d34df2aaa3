export { type ChartDefinition, type ChartTransition, describeChart } from './inspection/chart-definition.ts'
export type { SessionExplanation } from './inspection/explain-recording.ts'
export { explainRecording } from './inspection/explain-recording.ts'
export {
  type InspectSessionOptions,
  inspectSession,
  type SessionInspector,
  sessionInspectorOptions,
} from './inspection/inspect-session.ts'
export { type RecordSessionOptions, recordSession, type SessionRecorder } from './inspection/record-session.ts'
export type {
  RecordedOptions,
  RecordedState,
  RecordedTransition,
  SessionRecording,
} from './inspection/session-recording.ts'
