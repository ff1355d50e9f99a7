using System.Text.Json;
using Microsoft.Playwright;

namespace NormKit.Lab.Tests;

/// <summary>The page in one browser context.</summary>
internal sealed class LabPage : IAsyncDisposable
{
    private readonly List<string> errors = [];
    private readonly string origin;

    public LabPage(IBrowserContext context, IPage page, string origin)
    {
        (Context, Page, this.origin) = (context, page, origin);
        // A busy machine takes longer than the usual 30 seconds to hand over a file of some megabytes.
        page.SetDefaultTimeout(120_000);
        page.PageError += (_, error) => errors.Add(error);
        page.Console += (_, message) =>
        {
            if (message.Type == "error")
                errors.Add(message.Text);
        };
    }

    public IBrowserContext Context { get; }

    public IPage Page { get; }

    /// <summary>What the page has logged as an error, and exceptions that nobody caught.</summary>
    public IReadOnlyList<string> Errors => errors;

    public async Task Go(string state = "")
    {
        await Page.GotoAsync($"{origin}/{(state.Length > 0 ? "#" + state : "")}");
        await Page.Locator("html[data-ready]").WaitForAsync(new() { State = WaitForSelectorState.Attached, Timeout = 120_000 });
        await Page.Locator("#touch[data-shown]").WaitForAsync(new() { State = WaitForSelectorState.Attached });
    }

    public ILocator Part(string chapter, string part) => Page.Locator($"#{chapter} [data-part={part}]").First;

    public Task<string?> Data(string chapter, string name) => Page.Locator($"#{chapter}").GetAttributeAsync($"data-{name}");

    /// <summary>Changes the state as the page's own controls do.</summary>
    public Task Change(object values) => Page.EvaluateAsync("async values => (await import('/js/state.js')).change(values)", values);

    /// <summary>Runs calls in a worker of the page and gives their results.</summary>
    public Task<JsonElement?> Ask(params object[][] calls) => Page.EvaluateAsync(
        """
        async calls => {
          const decoded = calls.map(call => call.map(value => value?.base64 === undefined ? value : Uint8Array.from(atob(value.base64), letter => letter.charCodeAt(0))));
          const results = await (await import('/js/engine.js')).heavy.ask(decoded);
          return results.map(result => result instanceof Uint8Array ? btoa(Array.from(result, byte => String.fromCharCode(byte)).join('')) : result);
        }
        """, calls);

    public async Task ScrollTo(string chapter)
    {
        await Page.EvaluateAsync("id => document.getElementById(id).scrollIntoView({ behavior: 'instant' })", chapter);
        await Page.WaitForTimeoutAsync(100);
    }

    /// <summary>Waits until a condition on the page holds.</summary>
    public Task Until(string script, float timeout = 60_000) => Page.WaitForFunctionAsync(script, null, new() { Timeout = timeout });

    public async ValueTask DisposeAsync()
    {
        await Context.CloseAsync();
        Assert.Empty(errors);
    }
}
