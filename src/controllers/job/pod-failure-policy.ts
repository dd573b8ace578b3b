import type { PodFailurePolicy, PodFailurePolicyOnExitCodesRequirement, PodFailurePolicyRule } from '#api/batch/v1/types.ts'
import type { Pod } from '#api/core/v1/pod.ts'
import type { ContainerStatus } from '#api/core/v1/types.ts'

export interface FailureAnswer {
  /** Absent: no rule matches, and the failure is counted as usual. */
  readonly action?: PodFailurePolicyRule['action']
  /** Whether the failure counts towards backoffLimit. */
  readonly isCounted: boolean
  /** Why the whole job fails at once. */
  readonly failsJob?: string
}

const counted: FailureAnswer = { isCounted: true }

/** What the first matching rule says of a failed pod (KEP-3329). */
export function answerFailure(policy: PodFailurePolicy | undefined, pod: Pod): FailureAnswer {
  for (const [position, rule] of (policy?.rules ?? []).entries()) {
    const match = matchOf(rule, pod)
    if (match === undefined) continue
    const { action } = rule
    if (action === 'Ignore') return { action, isCounted: false }
    if (action === 'FailJob') return { action, isCounted: true, failsJob: `${match} matching ${action} rule at index ${position}` }
    if (action === 'FailIndex' || action === 'Count') return { action, isCounted: true }
  }
  return counted
}

/** In words what about the pod the rule is for; undefined: nothing. */
function matchOf({ onExitCodes, onPodConditions }: PodFailurePolicyRule, { metadata, status }: Pod): string | undefined {
  const name = `${metadata.namespace}/${metadata.name}`
  if (onExitCodes !== undefined) {
    const container = [...(status.containerStatuses ?? []), ...(status.initContainerStatuses ?? [])].find((one) =>
      isMatched(one, onExitCodes),
    )
    if (container === undefined) return undefined
    return `Container ${container.name} for pod ${name} failed with exit code ${container.state?.terminated?.exitCode}`
  }
  const condition = status.conditions?.find(({ type, status }) =>
    onPodConditions?.some((pattern) => pattern.type === type && pattern.status === status),
  )
  return condition === undefined ? undefined : `Pod ${name} has condition ${condition.type}`
}

function isMatched({ name, state }: ContainerStatus, { containerName, operator, values }: PodFailurePolicyOnExitCodesRequirement): boolean {
  const exitCode = state?.terminated?.exitCode
  // One that still runs has no code yet, and 0 is no failure.
  if (exitCode === undefined || exitCode === 0) return false
  if (containerName !== undefined && containerName !== name) return false
  if (operator === 'In') return values.includes(exitCode)
  return operator === 'NotIn' && !values.includes(exitCode)
}
