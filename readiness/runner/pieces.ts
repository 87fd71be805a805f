// What each control is made of: its own object, and every declaration of the catalogue and the probes that it reaches by name. A file
// that changed counts for those alone that use what changed in it.
import { dirname, join } from 'node:path'
import ts from 'typescript'

/** Answers the text of a file of the tree; undefined when it is not there. */
export type Read = (file: string) => string | undefined
type Piece = { text: string; names: Set<string> }
type Module = {
  controls: Map<string, Piece>
  declared: Map<string, Piece>
  imported: Map<string, { file: string; name: string }>
}

/** The text of all pieces of each control, by its id. `catalogue` are the files that may declare one. */
export function piecesOfControls(catalogue: readonly string[], read: Read): Map<string, string> {
  const modules = new Map<string, Module | undefined>()
  const controls = catalogue.flatMap((file) => [...(moduleAt(file)?.controls ?? [])].map((entry) => ({ file, entry })))
  return new Map(controls.map(({ file, entry: [id, piece] }) => [id, reach(file, piece)]))

  function moduleAt(file: string): Module | undefined {
    if (!modules.has(file)) {
      const text = read(file)
      modules.set(file, text === undefined ? undefined : parse(file, text))
    }
    return modules.get(file)
  }

  /** Nearest first: from the entry to its probe, to what that stands on. */
  function reach(file: string, entry: Piece): string {
    const found = new Map<Piece, { at: string; steps: number }>([[entry, { at: file, steps: 0 }]])
    const take = (at: string, steps: number, name: string): void => {
      const module = moduleAt(at)
      const elsewhere = module?.imported.get(name)
      if (elsewhere && !(isTable(elsewhere.file) && steps >= tableSteps)) {
        const all = elsewhere.name === '*' ? [...(moduleAt(elsewhere.file)?.declared.keys() ?? [])] : [elsewhere.name]
        for (const each of all) take(elsewhere.file, steps + 1, each)
      }
      const piece = module?.declared.get(name)
      if (piece && !found.has(piece)) found.set(piece, { at, steps })
    }
    // A map that grows is walked to its new end.
    for (const [{ names }, { at, steps }] of found) for (const name of names) take(at, steps, name)
    return [...found.keys()].map(({ text }) => text).join('\n')
  }
}

/** Every new route adds rows to these: they count for probes that read them, not for those that call a route through something else. */
const isTable = (file: string) => /-(table|rows)\.ts$/.test(file)
const tableSteps = 2

function parse(file: string, text: string): Module {
  const source = ts.createSourceFile(file, text, ts.ScriptTarget.Latest, true)
  const module: Module = { controls: new Map(), declared: new Map(), imported: new Map() }
  for (const statement of source.statements) {
    if (ts.isImportDeclaration(statement)) takeImports(file, statement, module)
    else for (const name of namesDeclaredBy(statement)) module.declared.set(name, pieceOf(statement))
  }
  takeControls(source, module)
  return module
}

/** Only those of the catalogue and the probes: context and tools are under every control, and say nothing of one. */
function takeImports(
  file: string,
  { moduleSpecifier, importClause }: ts.ImportDeclaration,
  { imported }: Module,
): void {
  const from = join(dirname(file), (moduleSpecifier as ts.StringLiteral).text)
  const bindings = importClause?.namedBindings
  if (!/(^|\/)(catalogue|probes)\//.test(from) || !bindings) return
  if (ts.isNamespaceImport(bindings)) imported.set(bindings.name.text, { file: from, name: '*' })
  else
    for (const { name, propertyName } of bindings.elements)
      imported.set(name.text, { file: from, name: (propertyName ?? name).text })
}

function namesDeclaredBy(statement: ts.Statement): string[] {
  if (ts.isVariableStatement(statement))
    return statement.declarationList.declarations.flatMap(({ name }) => namesIn(name))
  const { name } = statement as { name?: ts.Node }
  return name && ts.isIdentifier(name) ? [name.text] : []
}

const namesIn = (name: ts.BindingName): string[] =>
  ts.isIdentifier(name)
    ? [name.text]
    : name.elements.flatMap((element) => (ts.isOmittedExpression(element) ? [] : namesIn(element.name)))

/** Each call of control({ id: '…' }). */
function takeControls(node: ts.Node, { controls }: Module): void {
  const visit = (at: ts.Node): void => {
    const id = ts.isCallExpression(at) && at.expression.getText() === 'control' ? idOf(at.arguments[0]) : undefined
    if (id) controls.set(id, pieceOf(at))
    else ts.forEachChild(at, visit)
  }
  visit(node)
}

function idOf(given: ts.Expression | undefined): string | undefined {
  if (!given || !ts.isObjectLiteralExpression(given)) return undefined
  for (const property of given.properties)
    if (
      ts.isPropertyAssignment(property) &&
      property.name.getText() === 'id' &&
      ts.isStringLiteral(property.initializer)
    )
      return property.initializer.text
  return undefined
}

function pieceOf(node: ts.Node): Piece {
  const names = new Set<string>()
  const visit = (at: ts.Node): void => {
    if (ts.isIdentifier(at)) names.add(at.text)
    ts.forEachChild(at, visit)
  }
  visit(node)
  return { text: node.getText(), names }
}
