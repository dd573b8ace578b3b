import { Secret } from '#api/core/v1/secret.ts'
import { ServiceAccount } from '#api/core/v1/service-account.ts'
import { type Command, type Plan, settled } from '#loop/controller.ts'
import { patchSeen, targetOf } from '../common/commands.ts'

export const accountName = 'kubernetes.io/service-account.name'
export const accountUid = 'kubernetes.io/service-account.uid'

/** Makes the token of an account that such a Secret is to hold: without an end, and gone with the Secret. */
export type IssueToken = (account: ServiceAccount, secret: Secret) => string

export interface TokenView {
  readonly about: 'secret'
  readonly secret: Secret
  /** The account of that name, whatever its uid. */
  readonly account: ServiceAccount | undefined
  /** Absent: nothing is filled in. */
  readonly issue?: IssueToken | undefined
  /** PEM. */
  readonly rootCa?: string | undefined
}

/** A Secret that went, and the accounts that still name it. */
export interface GoneSecretView {
  readonly about: 'gone'
  readonly name: string
  readonly accounts: readonly ServiceAccount[]
}

/** While the account lives its Secret holds its token; an account names no Secret that is gone. */
export function planToken(view: TokenView | GoneSecretView): Plan {
  if (view.about === 'gone') return { commands: view.accounts.map((account) => withoutSecret(account, view.name)), wakeAt: Infinity }
  const { secret, account } = view
  const { [accountName]: name, [accountUid]: uid = '' } = secret.metadata.annotations ?? {}
  if (name === undefined) return settled
  if (account !== undefined && (uid === '' || account.metadata.uid === uid)) return planContent(view, account)
  // A token must not outlive its account: the name could be given to somebody else. Nor does it wait for one, as in the reference.
  return {
    commands: [
      { do: 'confirmAbsent', kind: ServiceAccount, name, namespace: secret.metadata.namespace, ...(uid !== '' && { uid }) },
      { do: 'delete', ...targetOf(Secret, secret), resourceVersion: secret.metadata.resourceVersion },
    ],
    wakeAt: Infinity,
  }
}

function withoutSecret(account: ServiceAccount, name: string): Command {
  const kept = (account.secrets ?? []).filter((reference) => reference.name !== name)
  return patchSeen(ServiceAccount, account, { secrets: kept.length === 0 ? null : kept })
}

function planContent({ secret, issue, rootCa }: TokenView, account: ServiceAccount): Plan {
  if (issue === undefined) return settled
  const data = secret.data ?? {}
  const base64 = (text: string) => Buffer.from(text).toString('base64')
  const needed = {
    ...(rootCa !== undefined && data['ca.crt'] !== base64(rootCa) && { 'ca.crt': base64(rootCa) }),
    ...(!data['namespace'] && { namespace: base64(secret.metadata.namespace) }),
    ...(!data['token'] && { token: base64(issue(account, secret)) }),
  }
  if (Object.keys(needed).length === 0) return settled
  const annotations = { ...secret.metadata.annotations, [accountName]: account.metadata.name, [accountUid]: account.metadata.uid }
  const object = { ...secret, metadata: { ...secret.metadata, annotations }, data: { ...data, ...needed } }
  return { commands: [{ do: 'update', kind: Secret, object }], wakeAt: Infinity }
}
