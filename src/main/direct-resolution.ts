import { registerHooks } from 'node:module'

/**
 * Answers the imports of our own modules, which always name their file, without Node's search for packages, links and endings: a quarter of
 * the time that a process with a thousand of them takes to load. To be called before they are imported.
 */
export function resolveDirectly(): void {
  const root = new URL('../', import.meta.url).href
  registerHooks({
    resolve(specifier, context, nextResolve) {
      if (!specifier.endsWith('.ts')) return nextResolve(specifier, context)
      if (specifier.startsWith('#')) return found(root + specifier.slice(1))
      const isOwn = specifier.startsWith('.') && context.parentURL?.startsWith(root)
      return isOwn ? found(new URL(specifier, context.parentURL).href) : nextResolve(specifier, context)
    },
  })
}

const found = (url: string) => ({ url, format: 'module-typescript', shortCircuit: true }) as const
