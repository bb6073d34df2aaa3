export { createMcpFetch, type McpFetchOptions } from './mcp/create-mcp-fetch.ts'
export { discoverMcpServer, type McpServer, type McpServerOptions } from './mcp/discover-mcp-server.ts'
export { type McpAuthProvider, mcpAuthProvider } from './mcp/mcp-auth-provider.ts'
export type { StepUpChallenge } from './policy/classify-response.ts'
