export function redactForm(_body: URLSearchParams | string): Record<string, string> {
  return {}
}
export function redactObject(_value: unknown, _options: { keep?: readonly string[] } = {}): unknown {
  return {}
}
export function redactHeaders(_headers: Headers | Record<string, string>): Record<string, string> {
  return {}
}
export function redactUrl(_url: string): string {
  return '[redacted]'
}
export function redactText(_text: string): string {
  return '[redacted]'
}
