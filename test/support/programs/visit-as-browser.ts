import { createBrowser } from '@authchart/test/authorization-server'

// What `BROWSER` names: opens the address that it is given, and shows it to nobody.
await createBrowser().open(String(process.argv[2]))
