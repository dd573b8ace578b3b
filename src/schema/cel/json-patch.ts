import type { Functions } from '#lib/cel/environment.ts'

/** What mutations use beside all others: `jsonpatch.escapeKey`, for keys in JSON pointers (RFC 6901). */
export const jsonPatchFunctions: Functions = {
  'jsonpatch.escapeKey': {
    string_jsonpatch_escapeKey_string: ['(string) -> string', (key) => (key as string).replaceAll('~', '~0').replaceAll('/', '~1')],
  },
}
