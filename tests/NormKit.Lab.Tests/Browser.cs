using Microsoft.Playwright;
using NormKit.Cli.Lab;
using NormKit.Lab.Tests;
using Xunit.Sdk;
using Xunit.v3;

[assembly: AssemblyFixture(typeof(Browser))]
[assembly: Parallelization(Mode = ParallelMode.None)]

namespace NormKit.Lab.Tests;

/// <summary>One Chromium and one server for all tests. Where either the browser or the published page is missing, the tests skip themselves and say so.</summary>
public sealed class Browser : IAsyncLifetime
{
    private static readonly string[] Places =
        ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome", "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome", @"C:\Program Files\Google\Chrome\Application\chrome.exe"];

    private IPlaywright? playwright;
    private IBrowser? browser;
    private LabServer? server;
    private string why = "";

    internal LabServer Server => server!;

    public async ValueTask InitializeAsync()
    {
        string? program = Places.FirstOrDefault(File.Exists), published = LabFolder.Find();
        if (program is null)
            why = "Chromium is missing: apt-get install chromium.";
        else if (published is null)
            why = $"The page is not published: {LabFolder.Publish}.";
        if (why.Length > 0)
            return;
        server = new(published!);
        playwright = await Playwright.CreateAsync();
        browser = await playwright.Chromium.LaunchAsync(new()
        {
            ExecutablePath = program,
            Args = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync"],
        });
    }

    /// <summary>A context of its own, with empty caches.</summary>
    internal async Task<IBrowserContext> Context(Action<BrowserNewContextOptions>? settings = null)
    {
        Assert.SkipUnless(why.Length == 0, why);
        BrowserNewContextOptions options = new() { Locale = "en-US", ViewportSize = new() { Width = 1280, Height = 900 } };
        settings?.Invoke(options);
        return await browser!.NewContextAsync(options);
    }

    /// <summary>The page, loaded and ready to be touched. What it logs as an error fails the test that disposes it.</summary>
    internal async Task<LabPage> Open(string state = "", Action<BrowserNewContextOptions>? settings = null)
    {
        IBrowserContext context = await Context(settings);
        LabPage page = new(context, await context.NewPageAsync(), Server.Origin);
        await page.Go(state);
        return page;
    }

    public async ValueTask DisposeAsync()
    {
        if (browser is not null)
            await browser.DisposeAsync();
        playwright?.Dispose();
        server?.Dispose();
    }
}
