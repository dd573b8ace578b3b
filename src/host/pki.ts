import { randomBytes } from 'node:crypto'
import { chmod, mkdir, readFile } from 'node:fs/promises'
import { isIP } from 'node:net'
import { join } from 'node:path'
import { WherryError } from '#lib/errors.ts'
import { type CertificateRequest, type KeyPair, makeCertificate, makeSigningKey, publicKeyOf } from './pki/certificate.ts'
import { certificateEndMs, staleReason } from './pki/certificate-state.ts'
import { writeAtomically } from './pki/write-atomically.ts'

/** Everything by which the processes of one cluster know each other. Certificates and keys are PEM text. */
export interface Pki {
  readonly directory: string
  /** Signs everything but the front proxy's certificate. Its private key stays in its file. */
  readonly clusterCa: Authority
  /** Signs the identity with which the API server passes requests on to extension API servers. */
  readonly frontProxyCa: Authority
  readonly server: StoredPair
  /** Who the API server is towards a kubelet: `kube-apiserver-kubelet-client`. */
  readonly kubeletClient: StoredPair
  readonly frontProxyClient: StoredPair
  readonly admin: StoredPair
  /** Who the router is towards the API server: `system:wherry:router`. Where there is none, no router runs. */
  readonly router: StoredPair
  readonly node: NodePki
  readonly serviceAccounts: ServiceAccountKeys
  /** JSON text of the keys for encryption at rest: see `apiserver/encryption/key-file.ts`. */
  readonly encryption: { readonly path: string; readonly text: string }
  /** When the next certificate comes near its end: call `ensurePki` again then, and load the new files. Milliseconds since the epoch. */
  readonly renewAt: number
  /** Paths of what this call had to make, empty when all was there. */
  readonly made: readonly string[]
}

/** Whoever signs: the key is read from its file when it is needed. */
export interface Authority {
  readonly certificate: string
  readonly certificatePath: string
  readonly keyPath: string
}

/** A certificate and its key, and the files that they lie in. */
export interface StoredPair extends KeyPair {
  readonly certificatePath: string
  readonly keyPath: string
}

/** By what a node's agent is known. */
export interface NodePki {
  /** The kubelet towards the API server: user `system:node:<name>`, group `system:nodes`. */
  readonly client: StoredPair
  /** The kubelet's own port. */
  readonly serving: StoredPair
}

/** PEM: PKCS #8 for the private key, SPKI for the public ones. */
export interface ServiceAccountKeys {
  /** Signs new tokens. */
  readonly key: string
  /** All that verify tokens: the signing key's own first, then those that `sa.pub` holds beside it (after a change of keys). */
  readonly publicKeys: readonly string[]
}

/** Where all of it lies, and whom it names. */
export interface PkiOptions {
  /** Made with mode 0700 when missing. Files in it get mode 0600. */
  readonly directory: string
  readonly nodeName: string
  /** Names by which this machine's API server is reached beside the standard ones. */
  readonly serverNames?: readonly string[]
  /** Addresses by which it is reached, beside 127.0.0.1, ::1 and the Service's. Also the node's, unless `nodeAddresses` says otherwise. */
  readonly serverAddresses?: readonly string[]
  readonly nodeAddresses?: readonly string[]
  /** First address of the Service range, where pods reach the API server. */
  readonly serviceAddress?: string
  readonly clusterDomain?: string
  /** Milliseconds since the epoch; for tests. */
  readonly now?: number
}

/**
 * Makes what is missing, leaves what serves, renews certificates that come near their end or say something else than asked for. Safe to
 * call at every start; one caller at a time. Errors: `Invalid` when an authority's files are damaged, since making a new authority would
 * silently cut off every certificate and kubeconfig that the old one signed.
 */
export async function ensurePki(options: PkiOptions): Promise<Pki> {
  const room = await openRoom(options.directory, options.now ?? Date.now())
  const domain = options.clusterDomain ?? 'cluster.local'
  const clusterCa = await ensureAuthority(room, 'ca', 'kubernetes')
  const frontProxyCa = await ensureAuthority(room, 'front-proxy-ca', 'front-proxy-ca')
  const addresses = options.serverAddresses ?? []
  const extraNames = options.serverNames ?? []
  const server = await ensureLeaf(room, 'apiserver', clusterCa, {
    commonName: 'kube-apiserver',
    usage: 'server',
    dnsNames: unique([
      'localhost',
      'kubernetes',
      'kubernetes.default',
      'kubernetes.default.svc',
      `kubernetes.default.svc.${domain}`,
      options.nodeName,
      ...extraNames.filter((name) => isIP(name) === 0),
    ]),
    addresses: unique([
      '127.0.0.1',
      '::1',
      options.serviceAddress ?? '10.96.0.1',
      ...addresses,
      ...extraNames.filter((name) => isIP(name) !== 0),
    ]),
  })
  const kubeletClient = await ensureLeaf(room, 'apiserver-kubelet-client', clusterCa, {
    // No group: the kubelet's port is all it may reach. apiserver/authorization/bootstrap-bindings.ts binds it to system:kubelet-api-admin.
    commonName: 'kube-apiserver-kubelet-client',
    usage: 'client',
  })
  const frontProxyClient = await ensureLeaf(room, 'front-proxy-client', frontProxyCa, { commonName: 'front-proxy-client', usage: 'client' })
  const admin = await ensureLeaf(room, 'admin', clusterCa, {
    commonName: 'kubernetes-admin',
    // Not system:masters: that group passes by every authorizer, so a leaked certificate would stay all-powerful until it ends. This
    // group has its power from a ClusterRoleBinding (kubeadm's own), which can be emptied. See apiserver/authorization/bootstrap-bindings.ts.
    organizations: ['kubeadm:cluster-admins'],
    usage: 'client',
  })
  // Of this machine's agent alone: it may read TLS Secrets of all namespaces, which no node may.
  const router = await ensureLeaf(room, 'router', clusterCa, { commonName: 'system:wherry:router', usage: 'client' })
  const node = await nodePki(room, clusterCa, options.nodeName, options.nodeAddresses ?? addresses)
  return {
    directory: options.directory,
    clusterCa: withoutKey(clusterCa),
    frontProxyCa: withoutKey(frontProxyCa),
    server,
    kubeletClient,
    frontProxyClient,
    admin,
    router,
    node,
    serviceAccounts: await ensureServiceAccountKeys(room),
    encryption: await ensureEncryptionKeys(room),
    renewAt: room.renewAt,
    made: room.made,
  }
}

/** A further node's certificates, signed by the authority in `directory` and kept under `nodes/<name>` in it. */
export async function ensureNodePki(options: {
  readonly directory: string
  readonly nodeName: string
  readonly addresses: readonly string[]
  readonly now?: number
}): Promise<NodePki> {
  const room = await openRoom(options.directory, options.now ?? Date.now())
  return nodePki(room, await ensureAuthority(room, 'ca', 'kubernetes'), options.nodeName, options.addresses)
}

const dayMs = 24 * 3_600_000
/** kubeadm's: authorities ten years, everything else one. */
const authorityLifeMs = 3650 * dayMs
const leafLifeMs = 365 * dayMs
/** A twelfth of the life: room for a machine that was off for a month. */
const renewBeforeMs = 30 * dayMs
/** A peer's clock may be behind ours. */
const clockSkewMs = 5 * 60_000

interface Room {
  readonly directory: string
  readonly now: number
  readonly made: string[]
  renewAt: number
}

async function openRoom(directory: string, now: number): Promise<Room> {
  await mkdir(directory, { recursive: true, mode: 0o700 })
  await chmod(directory, 0o700)
  return { directory, now, made: [], renewAt: Infinity }
}

async function ensureAuthority(room: Room, name: string, commonName: string): Promise<StoredPair> {
  const paths = pathsOf(room, name)
  const request = { commonName, usage: 'ca' } as const
  const present = await readPair(paths)
  // The key is written first: a key alone is the rest of a crash, and nothing can have been signed with it.
  if (present.certificate === undefined) return makePair(room, paths, { ...request, ...lifeFrom(room.now, authorityLifeMs) })
  if (present.key === undefined)
    throw new WherryError('Invalid', `${paths.keyPath} is missing, but ${paths.certificatePath} exists: restore the key from a backup`)
  const pair = { certificate: present.certificate, key: present.key, ...paths }
  const reason = staleReason(pair, request, { now: room.now, renewBeforeMs: 0 })
  if (reason !== undefined)
    throw new WherryError(
      'Invalid',
      `${paths.certificatePath}: ${reason}. Restore ${paths.certificatePath} and ${paths.keyPath} from a backup, or remove both to start a new cluster identity`,
    )
  return pair
}

async function ensureLeaf(
  room: Room,
  name: string,
  issuer: KeyPair,
  request: Omit<CertificateRequest, 'notBefore' | 'notAfter'>,
): Promise<StoredPair> {
  const paths = pathsOf(room, name)
  const present = await readPair(paths)
  if (present.certificate !== undefined && present.key !== undefined) {
    const pair = { certificate: present.certificate, key: present.key, ...paths }
    if (staleReason(pair, request, { issuer, now: room.now, renewBeforeMs }) === undefined) return noteEnd(room, pair)
  }
  const life = lifeFrom(room.now, leafLifeMs)
  // A leaf that outlives its authority would promise what no verifier keeps.
  const notAfter = Math.min(life.notAfter, certificateEndMs(issuer.certificate))
  return noteEnd(room, await makePair(room, paths, { ...request, ...life, notAfter }, issuer))
}

async function nodePki(room: Room, clusterCa: KeyPair, nodeName: string, addresses: readonly string[]): Promise<NodePki> {
  if (!/^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$/.test(nodeName) || nodeName.length > 253)
    throw new WherryError(
      'Invalid',
      `node name ${JSON.stringify(nodeName)} is not a DNS subdomain (RFC 1123): use lower-case letters, digits, - and .`,
    )
  return {
    client: await ensureLeaf(room, join('nodes', nodeName, 'kubelet-client'), clusterCa, {
      commonName: `system:node:${nodeName}`,
      organizations: ['system:nodes'],
      usage: 'client',
    }),
    serving: await ensureLeaf(room, join('nodes', nodeName, 'kubelet-serving'), clusterCa, {
      commonName: `system:node:${nodeName}`,
      organizations: ['system:nodes'],
      usage: 'server',
      dnsNames: unique([nodeName, 'localhost']),
      addresses: unique(['127.0.0.1', ...addresses]),
    }),
  }
}

async function ensureServiceAccountKeys(room: Room): Promise<ServiceAccountKeys> {
  const keyPath = join(room.directory, 'sa.key')
  const publicPath = join(room.directory, 'sa.pub')
  let key = await readIfThere(keyPath)
  if (key === undefined) {
    key = makeSigningKey().key
    await write(room, keyPath, key)
  }
  const own = publicKeyOf(key)
  const text = await readIfThere(publicPath)
  if (text === undefined) await write(room, publicPath, own)
  const others = text?.match(/-----BEGIN PUBLIC KEY-----[^-]+-----END PUBLIC KEY-----\n?/g) ?? []
  return { key, publicKeys: unique([own, ...others]) }
}

async function ensureEncryptionKeys(room: Room): Promise<{ path: string; text: string }> {
  const path = join(room.directory, 'encryption.json')
  const present = await readIfThere(path)
  if (present !== undefined) return { path, text: present }
  const key = { id: randomBytes(4).toString('hex'), key: randomBytes(32).toString('base64') }
  const text = `${JSON.stringify({ keys: [key] }, null, 2)}\n`
  await write(room, path, text)
  return { path, text }
}

async function makePair(
  room: Room,
  paths: Omit<StoredPair, keyof KeyPair>,
  request: CertificateRequest,
  issuer?: KeyPair,
): Promise<StoredPair> {
  const pair = makeCertificate(request, issuer)
  await write(room, paths.keyPath, pair.key)
  await write(room, paths.certificatePath, pair.certificate)
  return { ...pair, ...paths }
}

async function write(room: Room, path: string, content: string): Promise<void> {
  await writeAtomically(path, content)
  room.made.push(path)
}

function noteEnd(room: Room, pair: StoredPair): StoredPair {
  room.renewAt = Math.min(room.renewAt, certificateEndMs(pair.certificate) - renewBeforeMs)
  return pair
}

const pathsOf = (room: Room, name: string) => ({
  certificatePath: join(room.directory, `${name}.crt`),
  keyPath: join(room.directory, `${name}.key`),
})

const lifeFrom = (now: number, lifeMs: number) => ({ notBefore: now - clockSkewMs, notAfter: now + lifeMs })

const readPair = async (paths: Omit<StoredPair, keyof KeyPair>) => ({
  certificate: await readIfThere(paths.certificatePath),
  key: await readIfThere(paths.keyPath),
})

async function readIfThere(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8')
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined
    throw error
  }
}

const withoutKey = ({ certificate, certificatePath, keyPath }: StoredPair): Authority => ({ certificate, certificatePath, keyPath })
const unique = (values: readonly string[]): string[] => [...new Set(values)]
