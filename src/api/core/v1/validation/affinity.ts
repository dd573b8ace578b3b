import type {
  Affinity,
  NodeSelector,
  NodeSelectorTerm,
  PodAffinityTerm,
  PodSpec,
  Toleration,
  TopologySpreadConstraint,
} from '#api/core/v1/types.ts'
import type { LabelSelector } from '#api/meta/v1/types.ts'
import { validateLabelSelector } from '#api/meta/v1/validate-selector.ts'
import type { Cause } from '#lib/errors.ts'
import { repeats } from '#lib/repeats.ts'
import {
  checkDns1123Label,
  checkDns1123Subdomain,
  checkLabelValue,
  checkQualifiedName,
  duplicate,
  forbidden,
  invalid,
  invalidEach,
  notSupported,
  required,
} from '#schema/validate.ts'

/** Where a pod may and may not run. */

const required_ = 'requiredDuringSchedulingIgnoredDuringExecution'
const preferred = 'preferredDuringSchedulingIgnoredDuringExecution'

/** What is wrong with rules about nodes and other pods; `path` is that of the affinity. */
export function validateAffinity(affinity: Affinity | undefined, path: string): Cause[] {
  const { nodeAffinity: node, podAffinity: pod, podAntiAffinity: anti } = affinity ?? {}
  return [
    ...(node?.[required_] ? validateNodeSelector(node[required_], `${path}.nodeAffinity.${required_}`) : []),
    ...(node?.[preferred] ?? []).flatMap(({ weight, preference }, i) => {
      const at = `${path}.nodeAffinity.${preferred}[${i}]`
      return [...validateWeight(weight, at), ...validateNodeSelectorTerm(preference, `${at}.preference`, true)]
    }),
    ...(pod ? validatePodAffinity(pod, `${path}.podAffinity`) : []),
    ...(anti ? validatePodAffinity(anti, `${path}.podAntiAffinity`) : []),
  ]
}

/** What is wrong with a choice of nodes: no terms, or bad ones. */
export function validateNodeSelector(selector: NodeSelector, path: string): Cause[] {
  const terms = selector.nodeSelectorTerms ?? []
  const at = `${path}.nodeSelectorTerms`
  if (terms.length === 0) return [required(at, 'must have at least one node selector term')]
  return terms.flatMap((term, i) => validateNodeSelectorTerm(term, `${at}[${i}]`))
}

function validateNodeSelectorTerm(term: NodeSelectorTerm, path: string, anyValue = false): Cause[] {
  return [
    ...(term.matchExpressions ?? []).flatMap(({ key, operator, values = [] }, i) => {
      const at = `${path}.matchExpressions[${i}]`
      const causes: Cause[] = []
      if (operator === 'In' || operator === 'NotIn') {
        if (values.length === 0) causes.push(required(`${at}.values`, "must be specified when `operator` is 'In' or 'NotIn'"))
      } else if (operator === 'Exists' || operator === 'DoesNotExist') {
        if (values.length > 0) causes.push(forbidden(`${at}.values`, "may not be specified when `operator` is 'Exists' or 'DoesNotExist'"))
      } else if (operator === 'Gt' || operator === 'Lt') {
        if (values.length !== 1) causes.push(required(`${at}.values`, "must be specified single value when `operator` is 'Lt' or 'Gt'"))
      } else causes.push(invalid(`${at}.operator`, operator, 'not a valid selector operator'))
      causes.push(...invalidEach(`${at}.key`, key, checkQualifiedName(key)))
      return anyValue
        ? causes
        : [...causes, ...values.flatMap((value, j) => invalidEach(`${at}.values[${j}]`, value, checkLabelValue(value)))]
    }),
    ...(term.matchFields ?? []).flatMap(({ key, operator, values = [] }, i) => {
      const at = `${path}.matchFields[${i}]`
      const causes: Cause[] = []
      if (operator !== 'In' && operator !== 'NotIn') causes.push(invalid(`${at}.operator`, operator, 'not a valid selector operator'))
      else if (values.length !== 1)
        causes.push(required(`${at}.values`, "must be only one value when `operator` is 'In' or 'NotIn' for node field selector"))
      if (key !== 'metadata.name') return [...causes, invalid(`${at}.key`, key, 'not a valid field selector key')]
      return [...causes, ...values.flatMap((value, j) => invalidEach(`${at}.values[${j}]`, value, checkDns1123Subdomain(value)))]
    }),
  ]
}

function validatePodAffinity(affinity: NonNullable<Affinity['podAffinity']>, path: string): Cause[] {
  return [
    ...(affinity[required_] ?? []).flatMap((term, i) => validatePodAffinityTerm(term, `${path}.${required_}[${i}]`)),
    ...(affinity[preferred] ?? []).flatMap(({ weight, podAffinityTerm }, i) => {
      const at = `${path}.${preferred}[${i}]`
      return [...validateWeight(weight, at), ...validatePodAffinityTerm(podAffinityTerm, `${at}.podAffinityTerm`)]
    }),
  ]
}

const validateWeight = (weight: number, path: string): Cause[] =>
  weight <= 0 || weight > 100 ? [invalid(`${path}.weight`, weight, 'must be in the range 1-100')] : []

function validatePodAffinityTerm(term: PodAffinityTerm, path: string): Cause[] {
  return [
    ...validateLabelSelector(term.labelSelector, `${path}.labelSelector`),
    ...validateLabelSelector(term.namespaceSelector, `${path}.namespaceSelector`),
    // The reference says `namespace` here.
    ...(term.namespaces ?? []).flatMap((name) => invalidEach(`${path}.namespace`, name, checkDns1123Label(name))),
    ...validateLabelKeys(term, path),
    ...(term.topologyKey === '' ? [required(`${path}.topologyKey`, 'can not be empty')] : []),
    ...invalidEach(`${path}.topologyKey`, term.topologyKey, checkQualifiedName(term.topologyKey)),
  ]
}

/** Keys whose values come from the pod itself. */
function validateLabelKeys(
  {
    matchLabelKeys = [],
    mismatchLabelKeys = [],
    labelSelector,
  }: Pick<PodAffinityTerm, 'matchLabelKeys' | 'mismatchLabelKeys' | 'labelSelector'>,
  path: string,
): Cause[] {
  const each = (keys: readonly string[], at: string): Cause[] => {
    if (keys.length === 0) return []
    if (labelSelector === undefined) return [forbidden(at, 'must not be specified when labelSelector is not set')]
    return keys.flatMap((key, i) => invalidEach(`${at}[${i}]`, key, checkQualifiedName(key)))
  }
  const mismatched = new Set(mismatchLabelKeys)
  return [
    ...each(matchLabelKeys, `${path}.matchLabelKeys`),
    ...each(mismatchLabelKeys, `${path}.mismatchLabelKeys`),
    ...(labelSelector ? keysInBoth(matchLabelKeys, labelSelector, path) : []),
    ...matchLabelKeys.flatMap((key, i) =>
      mismatched.has(key) ? [invalid(`${path}.matchLabelKeys[${i}]`, key, 'exists in both matchLabelKeys and mismatchLabelKeys')] : [],
    ),
  ]
}

/** A key may stand in the selector once: there the server itself writes it. */
function keysInBoth(keys: readonly string[], selector: LabelSelector, path: string): Cause[] {
  const seen = new Set(Object.keys(selector.matchLabels ?? {}))
  const lastPlaces = new Map(keys.map((key, i) => [key, i]))
  return (selector.matchExpressions ?? []).flatMap(({ key }) => {
    const at = lastPlaces.get(key)
    const isRepeated = at !== undefined && seen.has(key)
    seen.add(key)
    return isRepeated ? [invalid(`${path}[${at}]`, key, 'exists in both matchLabelKeys and labelSelector')] : []
  })
}

/** What is wrong with constraints on spreading. Of two for one key and action the first is the double, says the reference. */
export function validateTopologySpread(constraints: readonly TopologySpreadConstraint[] = [], path: string): Cause[] {
  const pairs = constraints.map(({ topologyKey, whenUnsatisfiable }) => JSON.stringify([topologyKey, whenUnsatisfiable]))
  const isGivenLater = repeats(pairs.toReversed()).toReversed()
  return constraints.flatMap((constraint, i) => {
    const at = `${path}[${i}]`
    const { maxSkew, topologyKey, whenUnsatisfiable: action, minDomains, nodeAffinityPolicy, nodeTaintsPolicy } = constraint
    const causes: Cause[] = []
    if (maxSkew <= 0) causes.push(invalid(`${at}.maxSkew`, maxSkew, 'must be greater than zero'))
    if (topologyKey === '') causes.push(required(`${at}.topologyKey`, 'can not be empty'))
    if (action !== 'DoNotSchedule' && action !== 'ScheduleAnyway')
      causes.push(notSupported(`${at}.whenUnsatisfiable`, action, ['DoNotSchedule', 'ScheduleAnyway']))
    if (isGivenLater[i]) causes.push(duplicate(`${at}.{topologyKey, whenUnsatisfiable}`, `{${topologyKey}, ${action}}`))
    if (minDomains !== undefined && minDomains <= 0) causes.push(invalid(`${at}.minDomains`, minDomains, 'must be greater than zero'))
    if (minDomains !== undefined && action !== 'DoNotSchedule')
      causes.push(invalid(`${at}.minDomains`, minDomains, `can only use minDomains if whenUnsatisfiable=DoNotSchedule, not ${action}`))
    for (const [name, policy] of Object.entries({ nodeAffinityPolicy, nodeTaintsPolicy }))
      if (policy !== undefined && policy !== 'Honor' && policy !== 'Ignore')
        causes.push(notSupported(`${at}.${name}`, policy, ['Honor', 'Ignore']))
    return [...causes, ...validateLabelKeys(constraint, at), ...validateLabelSelector(constraint.labelSelector, `${at}.labelSelector`)]
  })
}

/** What is wrong with tolerations. */
export function validateTolerations(tolerations: readonly Toleration[] = [], path: string): Cause[] {
  return tolerations.flatMap(({ key = '', operator, value = '', effect, tolerationSeconds }, i) => {
    const at = `${path}[${i}]`
    const causes: Cause[] = key === '' ? [] : invalidEach(`${at}.key`, key, checkQualifiedName(key))
    if (key === '' && operator !== 'Exists') {
      const detail = 'operator must be Exists when `key` is empty, which means "match all values and all keys"'
      causes.push(invalid(`${at}.operator`, operator ?? '', detail))
    }
    if (tolerationSeconds !== undefined && effect !== 'NoExecute')
      causes.push(invalid(`${at}.effect`, effect ?? '', "effect must be 'NoExecute' when `tolerationSeconds` is set"))
    if (operator === undefined || (operator as string) === '' || operator === 'Equal') {
      const problems = checkLabelValue(value)
      if (problems.length > 0) causes.push(invalid(`${at}.operator`, value, problems.join(';')))
    } else if (operator === 'Exists') {
      if (value !== '') causes.push(invalid(`${at}.operator`, value, "value must be empty when `operator` is 'Exists'"))
    } else if (operator === 'Lt' || operator === 'Gt')
      causes.push(notSupported(`${at}.operator`, operator, ['Equal', 'Exists', 'Lt', 'Gt']))
    else causes.push(notSupported(`${at}.operator`, operator, ['Equal', 'Exists']))
    if (effect) causes.push(...validateTaintEffect(effect, `${at}.effect`))
    return causes
  })
}

/** A taint either keeps pods off, rather keeps them off, or drives them out. */
export const validateTaintEffect = (effect: string, path: string): Cause[] =>
  taintEffects.includes(effect) ? [] : [notSupported(path, effect, taintEffects)]
const taintEffects = ['NoSchedule', 'PreferNoSchedule', 'NoExecute']

/** What is wrong with gates: names that are none, or that repeat. */
export function validateSchedulingGates(gates: NonNullable<PodSpec['schedulingGates']> = [], path: string): Cause[] {
  const isRepeated = repeats(gates.map(({ name }) => name))
  return gates.flatMap(({ name }, i) => [
    ...invalidEach(`${path}[${i}]`, name, checkQualifiedName(name)),
    ...(isRepeated[i] ? [duplicate(`${path}[${i}]`, name)] : []),
  ])
}
