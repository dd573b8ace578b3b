import { isIP } from 'node:net'

/** How the machines of a cluster find its API servers and trust one another. */
export interface JoinSettings {
  /**
   * URLs of the API servers that this machine's node belongs to, with commas between them: see `serverUrls`. "wherry join" writes it. Absent: the
   * machine has a server of its own.
   */
  readonly server?: string
  /** Names and addresses by which this machine's API server is reached, beside those that its certificate has anyway: of a load balancer, for one. */
  readonly serverNames?: readonly string[]
  /** Whether the server approves certificates of kubelets' ports where that is safe: `controllers/certificate-approver/serving.ts`. Absent: yes. */
  readonly approveKubeletServing?: boolean
}

/** Every such setting, and what a value that is none has to be. */
export const joinSettings: Readonly<Record<keyof JoinSettings, (value: unknown) => string | undefined>> = {
  server: (value) =>
    typeof value === 'string' && value.split(',').every(isServerUrl)
      ? undefined
      : 'the URL of an API server, such as https://192.0.2.1:6443, or several with commas between them',
  serverNames: (value) =>
    Array.isArray(value) && value.every(isHost)
      ? undefined
      : 'a list of host names and addresses, such as [cluster.example.org, 192.0.2.1]',
  approveKubeletServing: (value) => (typeof value === 'boolean' ? undefined : 'true or false'),
}

/** Where the node of this machine reaches the API server: the first that answers. */
export const serverUrls = ({ server, apiPort }: Pick<JoinSettings, 'server'> & { readonly apiPort: number }): readonly string[] =>
  server?.split(',').map((url) => url.trim()) ?? [`https://127.0.0.1:${apiPort}`]

/** Whether the machine's node belongs to servers elsewhere: then it runs an agent and no server. */
export const isJoined = ({ server }: Pick<JoinSettings, 'server'>): boolean => server !== undefined

/** Nothing but the server: no path, no user. */
const isServerUrl = (text: string): boolean => {
  const url = URL.parse(text.trim())
  return url?.protocol === 'https:' && `${url.origin}/` === url.href
}

/** An address, or a name as certificates have it (RFC 6125), perhaps with * as its first part. */
const isHost = (value: unknown): boolean =>
  typeof value === 'string' && (isIP(value) !== 0 || /^(\*\.)?[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/.test(value))
