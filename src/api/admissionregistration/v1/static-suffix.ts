/** A warning where the name looks like that of a configuration which a server reads from files: such names are kept for those (KEP 5793). */
export const warnOfStaticName = ({ metadata: { name = '' } }: { readonly metadata: { readonly name?: string } }): string[] =>
  name.endsWith(suffix)
    ? [
        `metadata.name: names ending with "${suffix}" are reserved for static manifest-based configurations and cannot be managed via the API`,
      ]
    : []

const suffix = '.static.k8s.io'
