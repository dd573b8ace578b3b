import type { RuleInput } from './translate-rules.ts'
import type { TLSRoute } from './types.ts'

/** The rules of a TLSRoute: nothing but hosts tells connections apart. */
export const tlsRules = ({ spec }: TLSRoute): readonly RuleInput[] =>
  (spec.rules ?? []).map(({ name, backendRefs }) => ({ name, matches: [everything], backendRefs }))

const everything: RuleInput['matches'][number] = { path: { type: 'Prefix', value: '/' }, headers: [], queryParameters: [] }
