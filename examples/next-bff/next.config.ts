import type { NextConfig } from 'next'

const config: NextConfig = {
  // Node imports them as they are: the file store has a native addon.
  serverExternalPackages: ['@authchart/core', '@authchart/node-store'],
  // This repository checks types by itself.
  typescript: { ignoreBuildErrors: true },
}

export default config
