import { TokenReview } from '#api/authentication/v1/token-review.ts'
import { SubjectAccessReview } from '#api/authorization/v1/subject-access-review.ts'
import type { Client } from '#client/client.ts'
import type { KubeletUser } from './authentication.ts'

/** The API server's opinion on a token, for `createAuthenticate`. */
export const tokenReview =
  (client: Client) =>
  async (token: string): Promise<Omit<KubeletUser, 'by'> | undefined> => {
    const { status } = await client.create(TokenReview, { spec: { token } })
    if (!status?.authenticated || !status.user?.username) return undefined
    const { username, uid, groups = [], extra } = status.user
    return { name: username, groups, ...(uid && { uid }), ...(extra && { extra }) }
  }

/** The API server's opinion on who may what with this node, for `createAuthorize`. */
export const accessReview =
  (client: Client, nodeName: string) =>
  async (user: KubeletUser, verb: string, subresource: string): Promise<boolean> => {
    const { status } = await client.create(SubjectAccessReview, {
      spec: {
        user: user.name,
        groups: [...user.groups],
        ...(user.uid !== undefined && { uid: user.uid }),
        ...(user.extra && { extra: Object.fromEntries(Object.entries(user.extra).map(([key, values]) => [key, [...values]])) }),
        resourceAttributes: { verb, version: 'v1', resource: 'nodes', subresource, name: nodeName },
      },
    })
    return status?.allowed === true
  }
