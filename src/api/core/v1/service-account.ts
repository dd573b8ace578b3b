import { TokenRequest } from '#api/authentication/v1/types.ts'
import { age } from '#api/columns.ts'
import * as types from '#api/core/v1/types.ts'
import { kind } from '#api/kind.ts'
import type { Of } from '#schema/schema.ts'

export const ServiceAccount = kind(
  types.ServiceAccount,
  {
    group: '',
    version: 'v1',
    kind: 'ServiceAccount',
    plural: 'serviceaccounts',
    singular: 'serviceaccount',
    shortNames: ['sa'],
    scope: 'Namespaced',
    columns: [age],
    subresources: {
      token: {
        sort: 'action',
        verbs: ['create'],
        type: TokenRequest,
        handler: 'serviceAccountToken',
        answersBody: true,
        kindGV: ['authentication.k8s.io', 'v1', 'TokenRequest'],
      },
    },
  },
  {
    returnsDeleted: true,
    checksMetadata: 'whole',
    prepareCreate: namesOfSecretsOnly,
    prepareUpdate: namesOfSecretsOnly,
  },
)
export type ServiceAccount = Of<typeof ServiceAccount>

/** Only the names of secrets count, nothing else of the reference. */
function namesOfSecretsOnly<A extends types.ServiceAccount>(account: A): A {
  return account.secrets === undefined ? account : { ...account, secrets: account.secrets.map(({ name }) => ({ name })) }
}
