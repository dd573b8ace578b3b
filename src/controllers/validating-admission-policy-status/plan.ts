import { ValidatingAdmissionPolicy } from '#api/admissionregistration/v1/validating-admission-policy.ts'
import type { AnyKind } from '#api/kind.ts'
import { type Plan, settled } from '#loop/controller.ts'
import { typeCheck } from './type-check.ts'

export interface PolicyStatusView {
  readonly policy: ValidatingAdmissionPolicy
  /** The kinds that the API server serves. */
  readonly kinds: readonly AnyKind[]
}

/** Each generation of a policy is checked once, and what is found said in its status: warnings change nothing of what it does. */
export function planPolicyStatus({ policy, kinds }: PolicyStatusView): Plan {
  const { generation = 0, name } = policy.metadata
  if (generation <= (policy.status?.observedGeneration ?? 0)) return settled
  const expressionWarnings = typeCheck(policy, kinds)
  const status = {
    observedGeneration: generation,
    typeChecking: expressionWarnings.length === 0 ? {} : { expressionWarnings },
  }
  return { commands: [{ do: 'apply', kind: ValidatingAdmissionPolicy, name, body: { status }, subresource: 'status' }], wakeAt: Infinity }
}
