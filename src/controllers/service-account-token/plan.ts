import { Secret } from '#api/core/v1/secret.ts'
import { ServiceAccount } from '#api/core/v1/service-account.ts'
import { type Plan, settled } from '#loop/controller.ts'
import { targetOf } from '../common/commands.ts'

export const accountName = 'kubernetes.io/service-account.name'
export const accountUid = 'kubernetes.io/service-account.uid'

export interface TokenView {
  readonly secret: Secret
  /** The account of that name, whatever its uid. */
  readonly account: ServiceAccount | undefined
}

/** A token must not outlive its account: the name could be given to somebody else. */
export function planToken({ secret, account }: TokenView): Plan {
  const { [accountName]: name, [accountUid]: uid } = secret.metadata.annotations ?? {}
  // Without the uid nothing says which account was meant: perhaps one that is yet to come.
  if (name === undefined || uid === undefined || uid === '' || account?.metadata.uid === uid) return settled
  return {
    commands: [
      { do: 'confirmAbsent', kind: ServiceAccount, name, namespace: secret.metadata.namespace, uid },
      { do: 'delete', ...targetOf(Secret, secret), resourceVersion: secret.metadata.resourceVersion },
    ],
    wakeAt: Infinity,
  }
}
