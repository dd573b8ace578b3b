import { readFileSync, realpathSync } from 'node:fs'
import { arch } from 'node:process'
import { fileURLToPath } from 'node:url'
import { run } from '../run.ts'
import { ociArchive } from './oci-archive.ts'
import type { TarEntry } from './tar.ts'

/** The name that the welcome application's pods ask for: of no registry, so nobody tries to pull it. */
export const welcomeImage = 'wherry.local/welcome:1'

/**
 * The welcome application's image as an OCI archive: the Node program that runs us, the libraries it is linked with, and one TypeScript file.
 * All of it is on the machine already, so a first cluster needs no registry.
 */
export async function welcomeArchive(): Promise<Uint8Array[]> {
  const program = realpathSync(process.execPath)
  const libraries = librariesOf((await run('ldd', [program])).stdout)
  const source = fileURLToPath(new URL('../../../images/welcome/server.ts', import.meta.url))
  const files: TarEntry[] = [
    file('usr/bin/node', program, 0o755),
    ...libraries.map((path) => file(path.slice(1), realpathSync(path), 0o755)),
    file('app/server.ts', source, 0o644),
    {
      type: 'file',
      path: 'etc/passwd',
      mode: 0o644,
      parts: [Buffer.from('root:x:0:0::/:/sbin/nologin\nwelcome:x:1000:1000::/app:/sbin/nologin\n')],
    },
    { type: 'directory', path: 'tmp', mode: 0o1777 },
  ]
  return ociArchive(
    {
      name: welcomeImage,
      architecture: arch === 'x64' ? 'amd64' : arch,
      entrypoint: ['/usr/bin/node', '--max-old-space-size=32', '/app/server.ts'],
      workingDir: '/app',
      user: '1000:1000',
      exposedPorts: [8080],
    },
    files,
  )
}

/** Absolute paths in what ldd(1) prints; the kernel's own page (linux-vdso) has none. */
export function librariesOf(lddOutput: string): string[] {
  return [...lddOutput.matchAll(/(?:=>\s+|^\s*)(\/\S+)\s+\(0x/gm)].map((match) => match[1]!)
}

const file = (path: string, from: string, mode: number): TarEntry => ({ type: 'file', path, mode, parts: [readFileSync(from)] })
