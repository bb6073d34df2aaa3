import { createContractRecord, putRecord } from './contract-records.ts'
import { expectEqual } from './expectations.ts'
import type { ContractStatement } from './store-place.ts'

const long = 'x'.repeat(299)

/** Keys that a store which makes names of them is likely to get wrong, each unlike all others. */
const difficultKeys: readonly string[] = [
  ...'/\\:*?"<>|'.split('').flatMap((character) => [character, `a${character}b`]),
  'a/../b',
  'a\\..\\b',
  '.',
  '..',
  '../outside',
  '../../../../outside',
  '/outside',
  'C:\\outside',
  'CON',
  'nul.txt',
  ' a',
  'a ',
  'a',
  'A',
  'a.',
  'a%2Fb',
  'a+b',
  '-a',
  'a~1',
  'NUL \u0000 inside',
  'NUL ',
  '\u0000',
  'line\nbreak',
  'bell \u0007',
  'emoji 🔑🇨🇭👩‍👩‍👧',
  'composed é',
  'decomposed e\u0301',
  'lone \ud800',
  'lone \udfff',
  'lone \ufffd',
  'straße',
  'STRASSE',
  'ı',
  'i',
  'I',
  'İ',
  'acme:Alice',
  'acme:alice',
  'ACME:ALICE',
  '__proto__',
  'constructor',
  'toString',
  'undefined',
  `${long}a`,
  `${long}A`,
  `${long}b`,
  long,
]

/** Any text is a key. */
export const keys: readonly ContractStatement[] = [
  {
    name: 'P22 keeps keys of any characters and of 300 apart, those too that differ only in case',
    async hold({ place }) {
      const store = await place.open()
      for (const key of difficultKeys) {
        expectEqual(await store.read(key), undefined, `what was read under the new key ${JSON.stringify(key)}`)
        await putRecord(store, createContractRecord({ revision: `of ${key}` }), key)
      }
      const later = await place.open()
      for (const key of difficultKeys) {
        const record = await later.read(key)
        expectEqual(record, createContractRecord({ revision: `of ${key}` }), `what is under ${JSON.stringify(key)}`)
      }
      const listed = (await later.list()).map(({ key }) => key)
      expectEqual(listed.sort(), [...difficultKeys].sort(), 'the keys that are listed')
    },
  },
]
