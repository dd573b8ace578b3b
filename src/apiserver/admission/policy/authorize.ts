import { type AskAuthorizer, type AuthorizerAnswer, type AuthorizerQuestion, withAuthorizer } from '#schema/cel/authorizer.ts'
import type { Admission, Authorizer, UserInfo } from '../../contract.ts'

/** Runs what may ask the server's authorizer on behalf of the request's user, or of a service account. */
export function withServerAuthorizer<T>(authorize: Authorizer, { attributes }: Admission, run: (ask: AskAuthorizer) => T): Promise<T> {
  const answer = async (question: AuthorizerQuestion): Promise<AuthorizerAnswer> => {
    const { serviceAccount, path, verb, group, resource, subresource, namespace, name, fieldSelector, labelSelector } = question
    const user = serviceAccount === undefined ? attributes.user : accountUser(serviceAccount)
    try {
      const { allowed, reason } = await authorize({
        user,
        verb,
        isResource: path === '',
        path,
        group,
        version: path === '' ? '*' : '',
        resource,
        subresource,
        namespace,
        name,
        ...(fieldSelector === '' ? {} : { fieldSelector }),
        ...(labelSelector === '' ? {} : { labelSelector }),
      })
      return { allowed, reason }
    } catch (error) {
      return { allowed: false, reason: '', error: error instanceof Error ? error.message : String(error) }
    }
  }
  return withAuthorizer(answer, run)
}

/** Who a service account is (documentation, "Service account tokens"). */
const accountUser = ({ namespace, name }: { readonly namespace: string; readonly name: string }): UserInfo => ({
  name: `system:serviceaccount:${namespace}:${name}`,
  groups: ['system:serviceaccounts', `system:serviceaccounts:${namespace}`, 'system:authenticated'],
})
