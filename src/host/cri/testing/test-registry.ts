import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { ociArchive } from '../../images/oci-archive.ts'

/** A registry of one small image (OCI distribution specification, pulling), on loopback. */
export interface TestRegistry {
  readonly port: number
  /** `user:password` of each request for the image, '' for none, in order. */
  readonly askedBy: string[]
  close(): Promise<void>
}

/** Answers under any name and tag. `password`: only to who brings it, as the user `me`. */
export async function startTestRegistry(password?: string): Promise<TestRegistry> {
  const blobs = new Map<string, Buffer>()
  let manifest = ''
  const architecture = process.arch === 'arm64' ? 'arm64' : 'amd64'
  const archive = ociArchive({ name: 'test:1', architecture, entrypoint: ['/none'] }, [{ type: 'directory', path: 'tmp', mode: 0o755 }])
  for (const [path, content] of filesOf(Buffer.concat(archive))) {
    if (path.startsWith('blobs/sha256/')) blobs.set(`sha256:${path.slice(13)}`, content)
    if (path === 'index.json') manifest = (JSON.parse(content.toString()) as { manifests: [{ digest: string }] }).manifests[0].digest
  }
  const askedBy: string[] = []
  const server = createServer((request, response) => {
    const given = Buffer.from((request.headers.authorization ?? '').replace(/^Basic /, ''), 'base64').toString()
    const [, kind, wanted = ''] = /\/(manifests|blobs)\/([^/?]+)/.exec(request.url ?? '') ?? []
    if (kind === 'manifests') askedBy.push(given)
    if (password !== undefined && given !== `me:${password}`) {
      response.writeHead(401, { 'WWW-Authenticate': 'Basic realm="test"' }).end()
      return
    }
    if (kind === undefined) return void response.writeHead(200).end('{}')
    const digest = wanted.startsWith('sha256:') ? wanted : manifest
    const content = blobs.get(digest)
    if (content === undefined) return void response.writeHead(404).end()
    response.writeHead(200, {
      'Content-Type': kind === 'manifests' ? 'application/vnd.oci.image.manifest.v1+json' : 'application/octet-stream',
      'Content-Length': content.length,
      'Docker-Content-Digest': digest,
    })
    response.end(request.method === 'HEAD' ? undefined : content)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    port: (server.address() as AddressInfo).port,
    askedBy,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}

/** Regular files of a tar of ours: names of at most 100 bytes, sizes in octal digits. */
function* filesOf(archive: Buffer): Iterable<readonly [path: string, content: Buffer]> {
  for (let at = 0; at + 512 <= archive.length; ) {
    const path = archive.toString('latin1', at, at + 100).replace(/\0.*$/s, '')
    if (path === '') return
    const size = Number.parseInt(archive.toString('latin1', at + 124, at + 136), 8)
    yield [path, archive.subarray(at + 512, at + 512 + size)]
    at += 512 + Math.ceil(size / 512) * 512
  }
}
