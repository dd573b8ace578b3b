import { mandatoryPriorityLevels } from '#api/flowcontrol/v1/mandatory.ts'
import * as types from '#api/flowcontrol/v1/types.ts'
import { validateConditionTypes } from '#api/flowcontrol/v1/validate-condition-types.ts'
import { goStruct } from '#api/go-struct.ts'
import { same } from '#api/strategy.ts'
import type { Cause } from '#lib/errors.ts'
import { forbidden, invalid, notSupported, required } from '#schema/validate.ts'

/** What is wrong with a share of the server's concurrency. */
export function validatePriorityLevel({ metadata, spec, status }: types.PriorityLevelConfiguration): Cause[] {
  const { name = '', annotations = {} } = metadata
  return [
    ...(Object.hasOwn(annotations, zeroSharesAnnotation)
      ? [forbidden('metadata.annotations', `annotation '${zeroSharesAnnotation}' is forbidden`)]
      : []),
    ...validateSpec(name, spec, 'spec'),
    ...validateMandatory(name, spec, 'spec'),
    ...validateConditionTypes(status.conditions, 'status.conditions'),
  ]
}

// The beta versions of this kind used it between themselves.
const zeroSharesAnnotation = 'flowcontrol.k8s.io/v1beta3-preserve-zero-concurrency-shares'

function validateSpec(name: string, { type, exempt, limited }: types.PriorityLevelConfigurationSpec, path: string): Cause[] {
  const causes: Cause[] = []
  if ((name === 'exempt') !== (type === 'Exempt'))
    causes.push(invalid(`${path}.type`, type, "must be 'Exempt' if and only if `name` is 'exempt'"))
  if (type === 'Exempt') {
    if (limited !== undefined) causes.push(forbidden(`${path}.limited`, 'must be nil if the type is not Limited'))
    if (exempt !== undefined) causes.push(...validateShares(exempt, `${path}.exempt`))
  } else if (type === 'Limited') {
    if (exempt !== undefined) causes.push(forbidden(`${path}.exempt`, 'must be nil if the type is Limited'))
    if (limited === undefined) causes.push(required(`${path}.limited`, 'must not be empty when type is Limited'))
    else causes.push(...validateLimited(limited, `${path}.limited`))
  } else causes.push(type === '' ? required(`${path}.type`) : notSupported(`${path}.type`, type, ['Exempt', 'Limited']))
  return causes
}

function validateLimited(limited: types.LimitedPriorityLevelConfiguration, path: string): Cause[] {
  const { limitResponse, borrowingLimitPercent: borrowing } = limited
  return [
    ...validateShares(limited, path),
    ...validateLimitResponse(limitResponse, `${path}.limitResponse`),
    ...(borrowing !== undefined && borrowing < 0
      ? [invalid(`${path}.borrowingLimitPercent`, borrowing, 'if specified, must be a non-negative integer')]
      : []),
  ]
}

function validateShares(
  { nominalConcurrencyShares: shares, lendablePercent: lendable }: types.ExemptPriorityLevelConfiguration,
  path: string,
): Cause[] {
  return [
    ...(shares < 0 ? [invalid(`${path}.nominalConcurrencyShares`, shares, 'must be a non-negative integer')] : []),
    ...(lendable < 0 || lendable > 100 ? [invalid(`${path}.lendablePercent`, lendable, 'must be between 0 and 100, inclusive')] : []),
  ]
}

function validateLimitResponse({ type, queuing }: types.LimitResponse, path: string): Cause[] {
  if (type === 'Reject')
    return queuing === undefined ? [] : [forbidden(`${path}.queuing`, 'must be nil if limited.limitResponse.type is not Limited')]
  if (type === 'Queue')
    return queuing === undefined
      ? [required(`${path}.queuing`, 'must not be empty if limited.limitResponse.type is Limited')]
      : validateQueuing(queuing, `${path}.queuing`)
  return [type === '' ? required(`${path}.type`) : notSupported(`${path}.type`, type, ['Queue', 'Reject'])]
}

function validateQueuing({ queues, handSize, queueLengthLimit }: types.QueuingConfiguration, path: string): Cause[] {
  const causes: Cause[] = []
  if (queueLengthLimit <= 0) causes.push(invalid(`${path}.queueLengthLimit`, queueLengthLimit, 'must be positive'))
  if (queues <= 0) causes.push(invalid(`${path}.queues`, queues, 'must be positive'))
  else if (queues > QUEUES_MAX) causes.push(invalid(`${path}.queues`, queues, `must not be greater than ${QUEUES_MAX}`))
  if (handSize <= 0) causes.push(invalid(`${path}.handSize`, handSize, 'must be positive'))
  else if (handSize > queues) causes.push(invalid(`${path}.handSize`, handSize, `should not be greater than queues (${queues})`))
  else if (Math.ceil(Math.log2(queues) * handSize) > HASH_BITS_MAX) {
    const detail = `required entropy bits of deckSize ${queues} and handSize ${handSize} should not be greater than ${HASH_BITS_MAX}`
    causes.push(invalid(`${path}.handSize`, handSize, detail))
  }
  return causes
}

const QUEUES_MAX = 10_000_000
/** A flow's hash is of 64 bits, of which dealing a hand of queues may use these (KEP 1040). */
const HASH_BITS_MAX = 60

/** The levels that the server cannot be without are as they are, but for what the exempt one lends. */
function validateMandatory(name: string, spec: types.PriorityLevelConfigurationSpec, path: string): Cause[] {
  const fixed = mandatoryPriorityLevels[name]
  if (fixed === undefined) return []
  const shown = goStruct(types.PriorityLevelConfigurationSpec, spec)
  if (name !== 'exempt') return same(spec, fixed) ? [] : [invalid(path, shown, `spec of '${name}' must equal the fixed value`)]
  return same({ ...spec, exempt: fixed.exempt }, fixed)
    ? []
    : [invalid(path, shown, `spec of '${name}' except the 'spec.exempt' field must equal the fixed value`)]
}
