export { type ChartDefinition, type ChartTransition, describeChart } from './inspection/chart-definition.ts'
export type { SessionExplanation } from './inspection/explain-recording.ts'
export { explainRecording } from './inspection/explain-recording.ts'
export {
  type InspectSessionOptions,
  inspectSession,
  type SessionInspector,
  sessionInspectorOptions,
} from './inspection/inspect-session.ts'
export {
  type RecordedOptions,
  type RecordedState,
  type RecordedTransition,
  type RecordSessionOptions,
  recordSession,
  type SessionRecorder,
  type SessionRecording,
} from './inspection/record-session.ts'
