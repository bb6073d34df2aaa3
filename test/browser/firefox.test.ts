import { hasFirefox, startFirefox } from './harness/firefox.ts'
import { describeInEngine } from './other-engine.ts'

describeInEngine('Firefox', { isThere: hasFirefox, start: startFirefox })
