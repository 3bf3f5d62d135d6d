import { readFileSync } from 'node:fs';
import { join, relative } from 'node:path/posix';
import { Command, type Option } from 'commander';
import * as ast from 'typescript/unstable/ast';
import { API, type Checker, type Project, type Symbol as Sym } from 'typescript/unstable/sync';
import { COMMANDS } from '../packages/trestle/src/cli/commands.ts';
import { described, type Finding } from './finding.ts';

/** Packages whose every export is public. */
const PACKAGES = ['packages/trestle', 'packages/client'];
const TYPEDOC = 'docs/typedoc.json';
const CONFIG = 'packages/trestle/src/schema/config.ts';
/** Types whose optional members are settings: what they are without one has to be said. */
const OPTIONS = /(?:Options|Config|Rule)$/;
const ALIAS = 2 ** 21;

/**
 * Gaps of the generated reference: public names, their options and members, types they mention, and the commands
 * and options of the command line, that have no description. A declaration with `@internal` is not in the reference.
 */
export function checkReference(root: string, commands: readonly Command[]): Finding[] {
  const api = new API();
  try {
    const snapshot = api.updateSnapshot({ openProject: join(root, 'docs/tsconfig.reference.json') });
    const [project] = snapshot.getProjects();
    if (!project) throw new Error('docs/tsconfig.reference.json names no project');
    const reference = new Reference(root, project, entryPoints(root));
    return [
      ...unlistedEntries(root),
      ...reference.findings(),
      ...commands.flatMap(undescribedOptions),
      ...differentSettings(commands, reference),
    ];
  } finally {
    api.close();
  }
}

/** The files that the manifests of the public packages name. */
function entryPoints(root: string): string[] {
  return PACKAGES.flatMap((folder) => {
    const { exports } = JSON.parse(readFileSync(join(root, folder, 'package.json'), 'utf8'));
    return Object.values<string>(exports).map((file) => join(folder, file));
  });
}

function unlistedEntries(root: string): Finding[] {
  const { entryPoints: listed } = JSON.parse(readFileSync(join(root, TYPEDOC), 'utf8'));
  return entryPoints(root)
    .filter((file) => !listed.includes(`../${file}`))
    .map((file) => ({ file: TYPEDOC, line: 1, message: `entryPoints does not name ../${file}` }));
}

/** The public names of the packages, as the compiler knows them. */
class Reference {
  readonly #root: string;
  readonly #project: Project;
  readonly #checker: Checker;
  readonly #public = new Map<number, Sym>();
  readonly #found: Finding[] = [];

  constructor(root: string, project: Project, entries: readonly string[]) {
    this.#root = root;
    this.#project = project;
    this.#checker = project.checker;
    for (const entry of entries) {
      const file = project.program.getSourceFile(join(root, entry));
      const module = file && this.#checker.getSymbolAtLocation(file);
      if (!module) throw new Error(`docs/tsconfig.reference.json does not include ${entry}`);
      for (const each of this.#checker.getExportsOfModule(module)) {
        const symbol = this.#original(each);
        this.#public.set(symbol.id, symbol);
      }
    }
  }

  findings(): Finding[] {
    for (const symbol of this.#public.values()) if (!this.#isInternal(symbol)) this.#inspect(symbol);
    return this.#found;
  }

  /** The description of a member of an exported interface; '' without one. */
  descriptionOf(type: string, member: string): string {
    const symbol = [...this.#public.values()].find(({ name }) => name === type);
    const found = symbol?.getMembers().get(member as ast.__String);
    return found ? this.#words(found) : '';
  }

  #inspect(symbol: Sym): void {
    const { name } = symbol;
    const declarations = this.#declarations(symbol);
    const [first] = declarations;
    if (!first) return;
    if (this.#words(symbol) === '') this.#report(first, `${name} has no description`);
    const isCode = [ast.isFunctionDeclaration, ast.isClassDeclaration, ast.isVariableDeclaration];
    if (isCode.some((is) => is(first)) && !this.#tags(symbol).includes('example'))
      this.#report(first, `${name} has no @example`);
    for (const node of declarations) this.#contents(node, name);
  }

  /** Inspects the parts of a declaration: members, a type, or parameters and a result. */
  #contents(node: ast.Node, path: string): void {
    if (ast.isInterfaceDeclaration(node) || ast.isClassDeclaration(node)) {
      for (const { types } of node.heritageClauses ?? [])
        for (const type of types) this.#inherited(type, path);
      for (const member of node.members) this.#member(member, path);
    } else if (ast.isTypeAliasDeclaration(node)) this.#type(node.type, path);
    else if (ast.isFunctionDeclaration(node))
      for (const part of [...node.parameters, node.type]) if (part) this.#mentions(part, path);
  }

  /** The members of a type that is not public by itself belong to those that extend it. */
  #inherited(type: ast.ExpressionWithTypeArguments, path: string): void {
    const symbol = this.#ours(type.expression);
    if (!symbol || this.#public.has(symbol.id)) return;
    for (const node of this.#declarations(symbol)) this.#contents(node, path);
  }

  /** A member of an interface, a class or a type: an option, a property or a method. */
  #member(node: ast.Node, owner: string): void {
    const isMethod = ast.isMethodSignatureDeclaration(node) || ast.isMethodDeclaration(node);
    const isProperty = ast.isPropertySignatureDeclaration(node) || ast.isPropertyDeclaration(node);
    if (!isMethod && !isProperty && !ast.isGetAccessorDeclaration(node)) return;
    const symbol = this.#checker.getSymbolAtLocation(node.name);
    const isPrivate =
      ast.isPrivateIdentifier(node.name) ||
      ast.isComputedPropertyName(node.name) ||
      node.modifiers?.some(({ kind }) => kind === ast.SyntaxKind.PrivateKeyword);
    // Of a union, the member that tells its types apart.
    const isTag = isProperty && node.type && ast.isLiteralTypeNode(node.type);
    if (!symbol || isPrivate || isTag || this.#isInternal(symbol)) return;
    const isGroup = isProperty && node.type && ast.isTypeLiteralNode(node.type);
    const path = `${owner}.${node.name.getText()}`;
    const words = this.#words(symbol);
    if (words === '') this.#report(node, `${path} has no description`);
    else if (
      isProperty &&
      node.postfixToken &&
      !isGroup &&
      OPTIONS.test(owner) &&
      !/default|required|optional/i.test(words)
    )
      this.#report(node, `${path} does not say its default`);
    if (isMethod) for (const part of [...node.parameters, node.type]) if (part) this.#mentions(part, path);
    if (isProperty && node.type) this.#type(node.type, path);
  }

  /** The members of a type that is written in place, and whatever else it mentions. */
  #type(node: ast.Node, path: string): void {
    if (ast.isTypeLiteralNode(node)) for (const member of node.members) this.#member(member, path);
    else if (ast.isUnionTypeNode(node) || ast.isIntersectionTypeNode(node))
      for (const each of node.types) this.#type(each, path);
    else if (ast.isParenthesizedTypeNode(node)) this.#type(node.type, path);
    else this.#mentions(node, path);
  }

  /** Interfaces and options of ours whose members the reference would not have. */
  #mentions(node: ast.Node, path: string): void {
    const symbol = ast.isTypeReferenceNode(node) ? this.#ours(node.typeName) : undefined;
    if (symbol && !this.#public.has(symbol.id) && !this.#isInternal(symbol))
      this.#report(node, `${path} mentions ${symbol.name}, which no entry point exports`);
    node.forEachChild((child) => this.#mentions(child, path));
  }

  /** The interface, class or options of these packages that a name stands for. */
  #ours(name: ast.Node): Sym | undefined {
    const found = this.#checker.getSymbolAtLocation(name);
    const symbol = found && this.#original(found);
    const [node] = symbol ? this.#declarations(symbol) : [];
    const hasMembers =
      node &&
      (ast.isInterfaceDeclaration(node) ||
        ast.isClassDeclaration(node) ||
        (ast.isTypeAliasDeclaration(node) && OPTIONS.test(node.name.text)));
    const file = node?.getSourceFile().fileName;
    const isOurs = PACKAGES.some((folder) => file?.startsWith(join(this.#root, folder, 'src/')));
    return hasMembers && isOurs ? symbol : undefined;
  }

  #declarations(symbol: Sym): ast.Node[] {
    return symbol.declarations.flatMap((handle) => handle.resolve(this.#project) ?? []);
  }

  #original(symbol: Sym): Sym {
    return symbol.flags & ALIAS ? this.#checker.getAliasedSymbol(symbol) : symbol;
  }

  #words(symbol: Sym): string {
    return this.#checker.getDocumentationCommentOfSymbol(symbol).trim();
  }

  #tags(symbol: Sym): string[] {
    return this.#checker.getJsDocTagsOfSymbol(symbol).map(({ name }) => name);
  }

  #isInternal(symbol: Sym): boolean {
    return this.#tags(symbol).includes('internal');
  }

  #report(node: ast.Node, message: string): void {
    const source = node.getSourceFile();
    const { line } = source.getLineAndCharacterOfPosition(node.getStart(source));
    this.#found.push({ file: relative(this.#root, source.fileName), line: line + 1, message });
  }
}

/** Every command of the command line, with those below it. */
export async function allCommands(): Promise<Command[]> {
  const commands: Command[] = [];
  for (const { name, summary, load } of COMMANDS) {
    const command = new Command('trestle').command(name).description(summary);
    (await load()).define(command);
    commands.push(command, ...command.commands);
  }
  return commands;
}

function undescribedOptions(command: Command): Finding[] {
  const parts = [
    ...(command.description() === '' ? ['it'] : []),
    ...command.options.filter(({ description, hidden }) => !description && !hidden).map(({ flags }) => flags),
    ...command.registeredArguments.filter(({ description }) => !description).map((each) => each.name()),
  ];
  const file = 'packages/trestle/src/cli/commands.ts';
  return parts.map((part) => ({ file, line: 1, message: `${command.name()}: ${part} has no description` }));
}

/** Settings of `trestle.config.ts` that are described otherwise than the options of `serve`, which they are. */
function differentSettings(commands: readonly Command[], reference: Reference): Finding[] {
  const serve = commands.find((command) => command.name() === 'serve');
  return (serve?.options ?? []).flatMap((option) => {
    const words = settingWords(option);
    const name = option.attributeName();
    if (reference.descriptionOf('Config', name) === words) return [];
    return [{ file: CONFIG, line: 1, message: `${name}: expected the comment '${words}'` }];
  });
}

/** An option's description as the sentence of a comment, with its default. */
function settingWords({ description, negate, defaultValue, defaultValueDescription }: Option): string {
  if (negate) return `False: ${description} (default: true).`;
  const preset = defaultValueDescription ?? defaultValue;
  const words = preset === undefined ? description : `${description} (default: ${preset})`;
  return `${words.charAt(0).toUpperCase()}${words.slice(1)}.`;
}

if (import.meta.main) {
  const findings = checkReference(process.cwd(), await allCommands());
  for (const finding of findings) console.log(described(finding));
  process.exitCode = findings.length === 0 ? 0 : 1;
}
