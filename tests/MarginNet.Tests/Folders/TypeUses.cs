using Mono.Cecil;
using Mono.Cecil.Cil;

namespace MarginNet.Tests.Folders;

/// <summary>
/// Which types of an assembly use which, in signatures, attributes and bodies; what is nested, such as lambdas, is its outer type's.
/// </summary>
internal static class TypeUses
{
    /// <summary>The full names of all pairs of types of which the first uses the second.</summary>
    /// <param name="assembly">The file that the first is in.</param>
    /// <param name="root">The namespace that they are in or below: generated code is elsewhere.</param>
    public static HashSet<(string From, string To)> Of(string assembly, string root)
    {
        using var module = ModuleDefinition.ReadModule(assembly);
        return [.. module.GetTypes()
            .SelectMany(type => Named(type).SelectMany(Parts).Select(used => (From: Outer(type), To: Outer(used))))
            .Where(use => use.From != use.To && IsIn(use.From) && IsIn(use.To))
            .Select(use => (use.From.FullName, use.To.FullName))];

        bool IsIn(TypeReference type) => $"{type.Namespace}.".StartsWith($"{root}.", StringComparison.Ordinal);
    }

    private static TypeReference Outer(TypeReference type) => type.DeclaringType is { } outer ? Outer(outer) : type;

    /// <summary>The types that an array, a pointer or a constructed type is made of.</summary>
    private static IEnumerable<TypeReference> Parts(TypeReference type) => type switch
    {
        GenericParameter => [],
        GenericInstanceType constructed => constructed.GenericArguments.Prepend(constructed.ElementType).SelectMany(Parts),
        FunctionPointerType function => Named((IMethodSignature)function).SelectMany(Parts),
        IModifierType modified => new[] { modified.ModifierType, modified.ElementType }.SelectMany(Parts),
        TypeSpecification made => Parts(made.ElementType),
        _ => [type],
    };

    private static IEnumerable<TypeReference> Named(TypeDefinition type) =>
    [
        .. type.BaseType is { } parent ? [parent] : Array.Empty<TypeReference>(),
        .. type.Interfaces.Select(one => one.InterfaceType),
        .. Constraints(type),
        .. Attributes(type),
        .. type.Properties.SelectMany(Attributes),
        .. type.Events.SelectMany(Attributes),
        .. type.Fields.SelectMany(field => Attributes(field).Prepend(field.FieldType)),
        .. type.Methods.SelectMany(Named),
    ];

    private static IEnumerable<TypeReference> Named(MethodDefinition method) =>
    [
        .. Named((IMethodSignature)method),
        .. Constraints(method),
        .. Attributes(method),
        .. method.Parameters.SelectMany(Attributes),
        .. method.HasBody ? Named(method.Body) : [],
    ];

    private static IEnumerable<TypeReference> Named(MethodBody body) =>
    [
        .. body.Variables.Select(variable => variable.VariableType),
        .. body.ExceptionHandlers.Select(handler => handler.CatchType).OfType<TypeReference>(),
        .. body.Instructions.SelectMany(instruction => instruction.Operand switch
        {
            TypeReference type => [type],
            FieldReference field => [field.DeclaringType, field.FieldType],
            MethodReference method => Named((IMethodSignature)method)
                .Concat((method as GenericInstanceMethod)?.GenericArguments ?? [])
                .Prepend(method.DeclaringType),
            _ => Enumerable.Empty<TypeReference>(),
        }),
    ];

    private static IEnumerable<TypeReference> Named(IMethodSignature signature) =>
        signature.Parameters.Select(parameter => parameter.ParameterType).Prepend(signature.ReturnType);

    private static IEnumerable<TypeReference> Constraints(IGenericParameterProvider generic) =>
        generic.GenericParameters.SelectMany(parameter => parameter.Constraints).Select(constraint => constraint.ConstraintType);

    private static IEnumerable<TypeReference> Attributes(ICustomAttributeProvider provider) => provider.CustomAttributes
        .SelectMany(attribute => attribute.ConstructorArguments
            .Concat(attribute.Properties.Select(property => property.Argument))
            .Select(argument => argument.Value)
            .OfType<TypeReference>()
            .Prepend(attribute.AttributeType));
}
